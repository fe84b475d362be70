fn main() {
    let args: Vec<String> = std::env::args().collect();
    let mut sources = specc_syntax::span::Sources { files: vec![] };
    let mut names: Vec<_> = std::fs::read_dir(format!("{}/spec", args[1])).unwrap().map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "md")).collect();
    names.sort();
    for p in names {
        sources.files.push(specc_syntax::span::SourceFile { path: p.display().to_string(), text: std::fs::read_to_string(&p).unwrap() });
    }
    let trees: Vec<_> = sources.files.iter().enumerate().map(|(i, f)| specc_syntax::parse(specc_syntax::span::FileId(i as u32), &f.text).0).collect();
    let (ir, _) = specc_ir::lower::lower(&trees, &sources);
    let app = specc_verify::app::App::at(args[2].clone()).unwrap();
    let options = specc_verify::judge::Options { seed: args.get(3).map_or(1, |s| s.parse().unwrap()), ..Default::default() };
    let start = std::time::Instant::now();
    let records = specc_verify::judge::judge(&ir, &app, options, &mut |_| {}).unwrap();
    let mut by = std::collections::BTreeMap::<(&str, String), usize>::new();
    let mut shown = 0;
    for r in &records {
        *by.entry((r.class, format!("{:?}", r.verdict))).or_default() += 1;
        if r.verdict == specc_verify::judge::Verdict::Failed && shown < 12 && (r.class == "walks" || r.class == "scenarios") {
            shown += 1;
            println!("FAILED {} {}\n   {}\n   {:?}", r.id, r.what, r.seen, r.exchange.as_ref().map(|e| format!("{} {} {:?} -> {} {}", e.method, e.path, e.sent, e.status, e.body)));
        }
    }
    for r in &records {
        if r.verdict == specc_verify::judge::Verdict::NotExercised && std::env::var("OPEN").is_ok() {
            println!("OPEN {} {}", r.id, r.what);
        }
    }
    println!("{by:#?}\n{} in {:?}", records.len(), start.elapsed());
}
