// What a person sees of a page and can do with it. Asked by the judge, in the page: `(this)(what, with)`.
(what, given) => {
  const act = "a[href], button, input:not([type=hidden]), select, textarea, summary";
  // The closed <details> that hides an element, the innermost one below `within`.
  const closed = (one, within) => {
    let found = null;
    for (let up = one.parentElement; up && up !== within; up = up.parentElement) {
      const head = up.localName === "details" && !up.open ? up.querySelector(":scope > summary") : null;
      if (up.localName === "details" && !up.open && !(head && head.contains(one))) found = up;
    }
    return found;
  };
  const visible = (one) => one.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  // Where a click reaches it: a point in the window, or null.
  const hit = (one) => {
    for (const box of one.getClientRects()) {
      if (box.width < 2 || box.height < 2) continue;
      for (const share of [0.5, 0.15, 0.85]) {
        const [x, y] = [box.x + box.width * share, box.y + box.height / 2];
        const there = document.elementFromPoint(x, y);
        if (there && (one.contains(there) || (there.closest("label") && there.closest("label").control === one))) return [x, y];
      }
    }
    return null;
  };
  const reach = (one) => {
    if (!visible(one)) return null;
    const at = hit(one);
    if (at) return at;
    one.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    return hit(one);
  };
  // The same for a control that may be drawn by its label.
  const place = (one) => {
    const own = reach(one);
    if (own || !one.labels || !["checkbox", "radio"].includes(one.type)) return own;
    for (const label of one.labels) { const at = reach(label); if (at) return at; }
    return null;
  };
  // Opens what hides an element, as far as a person could.
  const opened = (one) => {
    for (let hides = closed(one, null); hides; hides = closed(one, null)) {
      const head = hides.querySelector(":scope > summary");
      if (!head || !reach(head)) return false;
      hides.open = true;
    }
    return true;
  };
  // All controls that can't be reached, with what stands in closed details judged once that is open.
  const hidden = () => {
    const out = new Set();
    const look = (root) => {
      const inside = [...root.querySelectorAll(act)].filter((one) => one !== root);
      for (const one of inside) if (!closed(one, root) && !place(one)) out.add(one);
      for (const box of root.querySelectorAll("details:not([open])")) {
        if (closed(box, root)) continue;
        const head = box.querySelector(":scope > summary");
        if (!head || out.has(head) || !reach(head)) { for (const one of box.querySelectorAll(act)) out.add(one); continue; }
        box.open = true;
        look(box);
        box.open = false;
      }
    };
    look(document.documentElement);
    return out;
  };
  const form = () => [...document.querySelectorAll("form")]
    .find((one) => one.getAttribute("action") === given.action && one.method === "post" && (one.closest("main") || !given.main));
  const sends = (of) => [...of.elements].find((one) => one.type === "submit" && !one.disabled && opened(one) && place(one));
  // Line breaks as one character, and moments without seconds that are none.
  const plain = (text, type) => ["time", "datetime-local"].includes(type)
    ? text.replace(/(\d\d:\d\d):00(\.0+)?$/, "$1") : text.replace(/\r\n?/g, "\n");
  const short = (one) => one.outerHTML.replace(/\s+/g, " ").slice(0, 120);

  // The page as it is painted: controls hold what stands in them now, and what can't be seen is not there.
  if (what === "snapshot") {
    const [top, left] = [scrollY, scrollX];
    const away = hidden();
    const root = document.documentElement, copy = root.cloneNode(true);
    const all = [...root.querySelectorAll("*")], copies = [...copy.querySelectorAll("*")];
    const drop = [], links = [];
    all.forEach((one, at) => {
      const other = copies[at];
      if (one.localName === "textarea") other.textContent = "\n" + one.value;
      else if (one.localName === "option") other.toggleAttribute("selected", one.selected);
      else if (one.type === "checkbox" || one.type === "radio") other.toggleAttribute("checked", one.checked);
      else if (one.localName === "input") other.setAttribute("value", one.value);
      const said = one.closest("main") && !one.closest("select, datalist, svg, form button") &&
        ["p", "li", "span", "div", "section", "td", "th", "strong", "h1", "h2", "h3"].includes(one.localName);
      if (away.has(one) || (said && !closed(one, null) && !visible(one))) drop.push(other);
      else if (one.localName === "a" && one.origin === location.origin && !one.hasAttribute("download")) links.push(one.pathname + one.search);
    });
    for (const one of document.forms) {
      const reached = [...one.elements].some((control) => control.type === "submit" && !control.disabled && !away.has(control));
      if (one.method === "post" && !reached) drop.push(copies[all.indexOf(one)]);
    }
    for (const one of drop) one.remove();
    scrollTo(left, top);
    return { html: "<!DOCTYPE html>" + copy.outerHTML, links: [...new Set(links)] };
  }

  // What every page must have, and what reaches beyond the window.
  if (what === "frame") {
    const page = document.documentElement;
    const scrolls = (one) => {
      for (let up = one.parentElement; up && up !== page; up = up.parentElement) {
        if (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(up).overflowX)) return true;
      }
      return false;
    };
    const wide = page.scrollWidth <= page.clientWidth ? [] : [...document.body.querySelectorAll("*")]
      .filter((one) => { const box = one.getBoundingClientRect(); return box.right > page.clientWidth + 1 && box.width > 1 && !scrolls(one); })
      .map(short);
    return {
      title: document.title.trim(),
      lang: page.lang,
      mains: [...document.querySelectorAll("main")].filter(visible).length,
      heads: [...document.querySelectorAll("h1")].filter(visible).length,
      wide: page.scrollWidth > page.clientWidth ? page.scrollWidth : 0,
      widest: wide.length ? wide[0] : "",
    };
  }

  // Makes a control ready for this: nothing to do, a click, or a text to type. "impossible": no person could put it in.
  if (what === "fill") {
    const all = [...form().elements].filter((one) => one.name === given.name && one.type !== "hidden");
    const texts = given.texts;
    if (all.length === 0) return { impossible: true };
    const boxes = all.filter((one) => one.type === "checkbox" || one.type === "radio");
    if (boxes.length) {
      if (texts.some((text) => text !== "" && text !== "no" && !boxes.some((box) => box.value === text))) return { impossible: true };
      const box = boxes.find((one) => one.checked !== texts.includes(one.value));
      if (!box) return {};
      opened(box);
      const at = place(box);
      return at ? { click: at, again: true } : { lost: "the box can't be reached" };
    }
    const one = all[all.length - 1];
    const text = plain(texts[texts.length - 1] || "", one.type);
    if (plain(one.value, one.type) === text) return {};
    if (one.localName === "select") {
      if (![...one.options].some((option) => option.value === text && !option.disabled)) return { impossible: true };
    } else {
      // What a fresh control of this kind would not hold either, nobody can type.
      const like = document.createElement(one.localName);
      if (one.localName === "input") like.type = one.type;
      like.value = text;
      const most = one.maxLength >= 0 && text.length > one.maxLength;
      if (like.value !== text || most || one.readOnly || one.disabled) return { impossible: true };
    }
    opened(one);
    if (!place(one)) return { lost: "the field can't be reached" };
    one.focus();
    if (document.activeElement !== one) return { lost: "the field takes no focus" };
    if (one.localName === "select" || !["text", "search", "email", "url", "tel", "password", "textarea"].includes(one.type)) {
      one.value = text;
      one.dispatchEvent(new Event("input", { bubbles: true }));
      one.dispatchEvent(new Event("change", { bubbles: true }));
      return {};
    }
    one.select();
    return { type: text };
  }

  // What a form would send, its line breaks as one character.
  if (what === "pairs") {
    const of = form();
    const type = (name) => [...of.elements].filter((one) => one.name === name).map((one) => one.type).pop() || "";
    const pairs = (all) => all.map(([name, value]) => [name, plain(String(value), type(name))]);
    return { there: pairs([...new FormData(of).entries()]), wanted: pairs(given.pairs) };
  }

  // Where its button is clicked.
  if (what === "button") {
    const one = form(), button = one && sends(one);
    return button ? place(button) : null;
  }

  // Where a link is clicked.
  if (what === "link") {
    const one = [...document.querySelectorAll("a[href]")]
      .find((link) => link.pathname === given.path && opened(link) && reach(link));
    return one ? reach(one) : null;
  }

  // After something was refused: where the cursor is, and what is marked and told at fields.
  if (what === "refused") {
    const at = document.activeElement;
    const wrong = at && at !== document.body && (at.closest("[role=alert]") || at.getAttribute("aria-invalid") === "true");
    const one = form();
    const fields = one ? [...one.elements].filter((control) => control.name && control.type !== "hidden").map((control) => {
      const ids = (control.getAttribute("aria-describedby") || (control.closest("fieldset") && control.closest("fieldset").getAttribute("aria-describedby")) || "").split(/\s+/);
      const named = ids.filter((id) => id);
      const told = named.map((id) => document.getElementById(id)).filter((told) => told && opened(told) && reach(told));
      const grouped = !!control.closest("fieldset");
      return {
        name: control.name,
        well: named.length > 0 && told.length === named.length && (grouped || control.getAttribute("aria-invalid") === "true"),
      };
    }) : [];
    return { focus: wrong ? "" : at && at !== document.body ? short(at) : "the page as a whole", fields };
  }
  return null;
}
