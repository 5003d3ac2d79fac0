use std::fmt::Write;
use std::fs;
use std::io;

use serde_json::json;

use super::verdict::{Record, Verdict};
use crate::case::Level;
use crate::options::Options;
use crate::rules::EDITION;
use crate::seam::Seam;

/// Writes the reports that were asked for.
pub(crate) fn write(backend: &str, options: &Options, records: &[Record]) -> io::Result<()> {
    if let Some(path) = &options.report_json {
        fs::write(path, json(backend, options, records))?;
    }
    if let Some(folder) = &options.report_dir {
        fs::create_dir_all(folder)?;
        fs::write(folder.join(format!("{backend}.json")), json(backend, options, records))?;
    }
    if let Some(path) = &options.report_junit {
        fs::write(path, junit(backend, records))?;
    }
    if let Some(path) = &options.report_md {
        fs::write(path, markdown(backend, records))?;
    }
    Ok(())
}

fn count(records: &[Record], wanted: fn(&Verdict) -> bool) -> usize {
    records.iter().filter(|record| wanted(&record.verdict)).count()
}

/// The one line that says it all, such as `fastestmcp-conformance 2026-1: session+task+event, durable 143/143 (7 skipped)`.
pub(crate) fn summary(records: &[Record]) -> String {
    let tried = |record: &&Record| !matches!(record.verdict, Verdict::Skipped(_));
    let seams: Vec<_> = Seam::ALL
        .into_iter()
        .filter(|seam| records.iter().filter(tried).any(|record| record.case.seam == *seam))
        .map(Seam::name)
        .collect();
    let mut durable = records.iter().filter(|record| record.case.level == Level::IfDurable).peekable();
    let claims_durable = durable.peek().is_some() && durable.all(|record| record.verdict == Verdict::Passed);
    let skipped = count(records, |verdict| matches!(verdict, Verdict::Skipped(_)));
    format!(
        "fastestmcp-conformance {EDITION}: {}{} {}/{} ({skipped} skipped)",
        if seams.is_empty() { "nothing".to_owned() } else { seams.join("+") },
        if claims_durable { ", durable" } else { "" },
        count(records, |verdict| *verdict == Verdict::Passed),
        records.len() - skipped,
    )
}

fn detail(verdict: &Verdict) -> &[String] {
    match verdict {
        Verdict::Passed => &[],
        Verdict::Failed(found) | Verdict::KnownFailure(found) => found,
        Verdict::Skipped(reason) | Verdict::HarnessError(reason) => std::slice::from_ref(reason),
    }
}

fn json(backend: &str, options: &Options, records: &[Record]) -> String {
    let cases: Vec<_> = records
        .iter()
        .map(|record| {
            json!({
                "id": record.case.id,
                "rule": record.case.rule,
                "seam": record.case.seam.name(),
                "level": record.case.level.name(),
                "verdict": record.verdict.name(),
                "detail": detail(&record.verdict),
                "history": record.history,
                "ms": u64::try_from(record.took.as_millis()).unwrap_or(u64::MAX),
            })
        })
        .collect();
    let report = json!({
        "suite": "fastestmcp-conformance",
        "edition": EDITION,
        "backend": backend,
        "profile": format!("{:?}", options.profile).to_lowercase(),
        "seed": options.seed,
        "nodes": options.nodes,
        "summary": summary(records),
        "cases": cases,
    });
    format!("{report:#}\n")
}

fn junit(backend: &str, records: &[Record]) -> String {
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"fastestmcp-conformance {EDITION} {}\" \
         tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">\n",
        escape(backend),
        records.len(),
        count(records, |verdict| matches!(verdict, Verdict::Failed(_))),
        count(records, |verdict| matches!(verdict, Verdict::HarnessError(_))),
        count(records, |verdict| matches!(verdict, Verdict::Skipped(_) | Verdict::KnownFailure(_))),
    );
    for record in records {
        let (id, seconds) = (record.case.id, record.took.as_secs_f64());
        let text = escape(&detail(&record.verdict).join("\n"));
        let _ = write!(xml, "<testcase name=\"{id}\" classname=\"{}\" time=\"{seconds:.3}\">", record.case.seam.name());
        let _ = match &record.verdict {
            Verdict::Passed => Ok(()),
            Verdict::Failed(_) => write!(xml, "<failure>{}</failure>", escape(&record.explain())),
            Verdict::KnownFailure(_) => write!(xml, "<skipped message=\"known failure: {text}\"/>"),
            Verdict::Skipped(_) => write!(xml, "<skipped message=\"{text}\"/>"),
            Verdict::HarnessError(_) => write!(xml, "<error>{text}</error>"),
        };
        xml.push_str("</testcase>\n");
    }
    xml.push_str("</testsuite>\n</testsuites>\n");
    xml
}

/// Text for XML: control characters that it cannot hold become spaces.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() || c == '\u{FFFE}' || c == '\u{FFFF}' => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

fn markdown(backend: &str, records: &[Record]) -> String {
    let mut text = format!("# {backend}\n\n{}\n\n| case | rule | verdict |\n|---|---|---|\n", summary(records));
    for record in records {
        let detail = detail(&record.verdict).join("; ").replace('|', "\\|").replace('\n', " ");
        let separator = if detail.is_empty() { "" } else { ": " };
        let (id, rule, verdict) = (record.case.id, record.case.rule, record.verdict.name());
        let _ = writeln!(text, "| `{id}` | {rule} | {verdict}{separator}{detail} |");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cases;

    fn records() -> Vec<Record> {
        let verdicts = [
            Verdict::Passed,
            Verdict::Failed(vec!["a < b & \"c\"\u{0}".to_owned()]),
            Verdict::Skipped("no".to_owned()),
        ];
        cases::all()
            .filter(|case| case.seam == Seam::Session && case.level == Level::Must)
            .zip(verdicts)
            .map(|(case, verdict)| Record { case, verdict, took: Duration::ZERO, seed: 1, history: Vec::new() })
            .collect()
    }

    #[test]
    fn the_summary_counts_what_was_tried_and_names_the_seams() {
        assert_eq!(summary(&records()), "fastestmcp-conformance 2026-1: session 1/2 (1 skipped)");
    }

    #[test]
    fn reports_survive_hostile_text() {
        let xml = junit("x", &records());
        assert!(xml.contains("a &lt; b &amp; &quot;c&quot; "), "{xml}");
        let parsed: serde_json::Value = serde_json::from_str(&json("x", &Options::default(), &records())).unwrap();
        assert_eq!(parsed["cases"][1]["verdict"], "failed");
    }
}
