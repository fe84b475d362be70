"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const dialog = document.getElementById("evidence");
  const body = document.getElementById("evidence-body");
  const words = { held: "held", failed: "failed", flaky: "flaky", open: "not exercised", unproven: "unproven" };
  const SVG = "http://www.w3.org/2000/svg";

  const make = (name, text, of) => {
    const element = document.createElement(name);
    if (text !== undefined && text !== null) element.textContent = text;
    if (of) element.className = of;
    return element;
  };
  const shape = (mark) => {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("class", "g " + mark);
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", words[mark]);
    const use = document.createElementNS(SVG, "use");
    use.setAttribute("href", "#g-" + mark);
    svg.append(use);
    return svg;
  };
  const part = (into, name, node) => {
    into.append(make("h3", name), node);
  };

  // What was done and seen for an obligation.
  const proof = (id, mark, seen) => {
    const out = make("div", null, "proof");
    if (seen.done) out.append(make("p", seen.done[0].toUpperCase() + seen.done.slice(1) + ".", "done"));
    if (seen.steps.length) {
      const list = make("ol");
      for (const step of seen.steps) list.append(make("li", step));
      part(out, "Step by step", list);
    }
    if (seen.actual) {
      part(out, "Expected", make("p", seen.expected));
      part(out, "Actual", make("p", seen.actual, "failed"));
    } else if (seen.seen) {
      part(out, "What was seen", make("p", seen.seen));
    } else {
      part(out, "What was seen", make("p", "Nothing that would tell. A longer look may: specc verify --time 120"));
    }
    if (seen.suspects.length) {
      const list = make("ol");
      for (const suspect of seen.suspects) list.append(make("li", suspect));
      part(out, "What would explain it", list);
    }
    for (const exchange of seen.exchanges) {
      const who = exchange.user ? "  (as user " + exchange.user + ")" : "";
      const lines = [exchange.request + who];
      if (exchange.sent) lines.push(exchange.sent);
      lines.push("", "→ " + exchange.status);
      if (exchange.body) lines.push(exchange.body);
      part(out, "Request and answer", make("pre", lines.join("\n")));
    }
    if (mark !== "open") {
      const again = make("div", null, "again");
      const command = "specc replay " + id;
      const copy = make("button", "Copy");
      copy.type = "button";
      copy.addEventListener("click", () => {
        navigator.clipboard?.writeText(command).then(() => { copy.textContent = "Copied"; }, () => {});
      });
      again.append(make("code", command), copy);
      part(out, "See it again", again);
    }
    return out;
  };

  const open = (button) => {
    const unit = data.units[Number(button.dataset.unit)];
    const at = button.closest(".u");
    const text = at.tagName === "TR"
      ? [...at.children].slice(1).map((cell) => cell.textContent.trim()).filter(Boolean).join(" · ")
      : [...at.childNodes].filter((node) => node !== button && !/^(UL|OL)$/.test(node.nodeName)).map((node) => node.textContent).join("").trim();
    body.replaceChildren();
    const title = make("h2", text);
    title.id = "evidence-title";
    body.append(make("p", at.closest("article").getAttribute("aria-label") + ":" + at.id.split("-")[1], "where"), title);
    const counts = {};
    for (const one of unit.all) counts[one[2]] = (counts[one[2]] || 0) + 1;
    const parts = ["failed", "flaky", "open", "held"].filter((mark) => counts[mark]).map((mark) => counts[mark] + " " + words[mark]);
    if (unit.unproven) parts.push("reads like a requirement, and has no code and no scenario behind it");
    if (unit.strength) parts.push(unit.strength.caught + " of " + (unit.strength.made - unit.strength.equivalent) + " wrong programs told from this one");
    body.append(make("p", parts.join("; "), "sum"));
    if (unit.all.length) body.append(make("p", "What was looked for, and how it came out:", "how"));
    const order = ["failed", "flaky", "open", "held"];
    const all = [...unit.all].sort((a, b) => order.indexOf(a[2]) - order.indexOf(b[2]));
    all.forEach(([id, kind, mark, what, seen], number) => {
      const details = make("details");
      const summary = make("summary");
      summary.append(shape(mark), make("span", mark === "held" && !["walks", "scenarios"].includes(kind) ? "not so: " + what : what), make("small", kind));
      details.append(summary);
      const fill = () => { if (details.open && details.children.length === 1) details.append(proof(id, mark, data.evidence[seen])); };
      details.addEventListener("toggle", fill);
      if (number === 0 && (mark === "failed" || all.length === 1)) { details.open = true; fill(); }
      body.append(details);
    });
    dialog.showModal();
    dialog.scrollTop = 0;
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".mark");
    if (button) open(button);
    else if (event.target === dialog) dialog.close();
  });

  // What is shown: everything, or what has one mark with the headings above it.
  const main = document.getElementById("spec");
  const level = (element) => /^H[1-6]$/.test(element.tagName) ? Number(element.tagName[1]) : 0;
  const show = (mark) => {
    let any = false;
    for (const article of main.querySelectorAll("article")) {
      const above = [];
      let under = false;
      for (const block of article.children) {
        const depth = level(block);
        const self = block.dataset.mark === mark;
        if (depth) {
          while (above.length && above.at(-1).depth >= depth) above.pop();
          above.push({ depth, block });
          under = self;
          block.hidden = mark !== "all" && !self;
        } else {
          const inner = [...block.querySelectorAll(".u")];
          let hit = mark === "all" || self || under;
          for (const unit of inner) {
            const wanted = mark === "all" || under || unit.dataset.mark === mark || unit.querySelector('.u[data-mark="' + mark + '"]') !== null;
            unit.hidden = !wanted && unit.tagName !== "THEAD";
            if (wanted) hit = true;
          }
          for (const prose of block.querySelectorAll("li[data-prose], tbody tr[data-prose]")) {
            prose.hidden = mark !== "all" && !under && prose.querySelector('.u[data-mark="' + mark + '"]') === null;
          }
          block.hidden = !hit || (mark !== "all" && block.classList.contains("file"));
        }
        if (mark !== "all" && !block.hidden) {
          any = true;
          for (const heading of above) heading.block.hidden = false;
        }
      }
      article.hidden = mark !== "all" && ![...article.children].some((block) => !block.hidden);
    }
    document.getElementById("nothing").hidden = mark === "all" || any;
  };
  for (const input of document.querySelectorAll('input[name="show"]')) {
    input.addEventListener("change", () => show(input.value));
    if (input.value === "all") input.checked = true;
  }
})();
