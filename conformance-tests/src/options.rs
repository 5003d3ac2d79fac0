use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::time::Duration;

/// How much a run tries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Every case, small samples: seconds.
    #[default]
    Quick,
    /// Larger samples: minutes.
    Full,
    /// Much larger samples: as long as it takes.
    Soak,
}

impl Profile {
    pub(crate) const fn factor(self) -> usize {
        match self {
            Self::Quick => 1,
            Self::Full => 8,
            Self::Soak => 100,
        }
    }

    /// How long one case may take before it counts as hanging: several run to a core.
    pub(crate) const fn deadline(self) -> Duration {
        match self {
            Self::Quick => Duration::from_secs(180),
            Self::Full => Duration::from_secs(1_440),
            Self::Soak => Duration::from_secs(3_600),
        }
    }

    fn parse(name: &str) -> Result<Self, String> {
        match name {
            "quick" => Ok(Self::Quick),
            "full" => Ok(Self::Full),
            "soak" => Ok(Self::Soak),
            _ => Err(format!("--profile is quick, full or soak, not {name}")),
        }
    }
}

/// The suite's own flags. Everything else on the command line is libtest's.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// How much to try.
    pub profile: Profile,
    /// Where random choices start.
    pub seed: u64,
    /// How many nodes concurrent cases use, at least 2.
    pub nodes: usize,
    /// Whether a skipped case fails the run.
    pub require_all: bool,
    /// Where to write the report as JSON.
    pub report_json: Option<PathBuf>,
    /// A folder for `NAME.json` of each backend, so that one environment variable collects the reports of many runs.
    pub report_dir: Option<PathBuf>,
    /// Where to write the report as JUnit XML.
    pub report_junit: Option<PathBuf>,
    /// Where to write the report as a Markdown table.
    pub report_md: Option<PathBuf>,
    /// A file of known failures, one case id a line.
    pub baseline: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            profile: Profile::Quick,
            seed: SEED,
            nodes: 2,
            require_all: false,
            report_json: None,
            report_dir: None,
            report_junit: None,
            report_md: None,
            baseline: None,
        }
    }
}

/// Where random choices start if nobody says it: runs are alike.
const SEED: u64 = 2026;
/// Another start for all suites of a run, which needs no flag.
const SEED_VARIABLE: &str = "FASTESTMCP_CONFORMANCE_SEED";
const REPORTS: &str = "FASTESTMCP_CONFORMANCE_REPORTS";

const HELP: &str = "\
The suite's own options:
      --profile quick|full|soak  how much to try (quick)
      --seed N|random            where random choices start (2026); a random start is told in the last line and in failures
      --nodes N                  nodes of concurrent cases, at least 2 (2)
      --require-all              a skipped case fails the run
      --baseline FILE            known failures, one case id a line; one that passes fails the run
      --report-json FILE         write the report as JSON
      --report-junit FILE        write the report as JUnit XML
      --report-md FILE           write the report as Markdown
The variable FASTESTMCP_CONFORMANCE_REPORTS names a folder that gets BACKEND.json of every run.
The variable FASTESTMCP_CONFORMANCE_SEED is --seed where that is not given.
";

impl Options {
    /// Takes the suite's own flags out of a command line; the rest is for libtest.
    pub(crate) fn parse(line: impl IntoIterator<Item = String>) -> Result<(Self, Vec<String>), String> {
        let (mut options, mut rest) = (Self::default(), Vec::new());
        options.report_dir = std::env::var_os(REPORTS).map(PathBuf::from);
        if let Ok(seed) = std::env::var(SEED_VARIABLE) {
            options.seed = parse_seed(SEED_VARIABLE, &seed)?;
        }
        let mut words = line.into_iter();
        while let Some(word) = words.next() {
            let (flag, inline) = match word.split_once('=') {
                Some((flag, value)) => (flag, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            let mut value = || inline.clone().or_else(|| words.next()).ok_or(format!("{flag} needs a value"));
            match flag {
                "--profile" => options.profile = Profile::parse(&value()?)?,
                "--seed" => options.seed = parse_seed(flag, &value()?)?,
                "--nodes" => options.nodes = number(flag, &value()?)?,
                "--require-all" => options.require_all = true,
                "--baseline" => options.baseline = Some(value()?.into()),
                "--report-json" => options.report_json = Some(value()?.into()),
                "--report-junit" => options.report_junit = Some(value()?.into()),
                "--report-md" => options.report_md = Some(value()?.into()),
                _ => rest.push(word),
            }
        }
        if rest.iter().any(|word| word == "--help" || word == "-h") {
            use std::io::Write;
            writeln!(std::io::stdout(), "{HELP}").map_err(|error| error.to_string())?;
        }
        if options.nodes < 2 {
            return Err("--nodes must be at least 2".to_owned());
        }
        Ok((options, rest))
    }
}

/// A number, or `random` for one that nobody has chosen.
fn parse_seed(flag: &str, text: &str) -> Result<u64, String> {
    match text {
        // The hasher of every process, and of every map in it, starts from numbers of the operating system.
        "random" => Ok(RandomState::new().hash_one(std::process::id()) >> 32),
        _ => number(flag, text),
    }
}

fn number<N: std::str::FromStr>(flag: &str, text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("{flag} needs a number, not {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<(Options, Vec<String>), String> {
        Options::parse(words.iter().map(ToString::to_string))
    }

    #[test]
    fn own_flags_are_taken_and_the_rest_is_left_to_libtest() {
        let (options, rest) =
            parse(&["bin", "--seed=7", "--exact", "--nodes", "3", "task.claim", "--require-all"]).unwrap();
        assert_eq!((options.seed, options.nodes, options.require_all), (7, 3, true));
        assert_eq!(rest, ["bin", "--exact", "task.claim"]);
    }

    #[test]
    fn a_random_seed_is_another_one_every_time() {
        let seeds: Vec<_> = (0..4).map(|_| parse(&["bin", "--seed", "random"]).unwrap().0.seed).collect();
        assert!(seeds.windows(2).any(|pair| pair[0] != pair[1]), "{seeds:?}");
    }

    #[test]
    fn a_flag_without_its_value_or_with_a_wrong_one_is_refused() {
        for words in
            [&["bin", "--seed"][..], &["bin", "--seed", "x"], &["bin", "--profile=fast"], &["bin", "--nodes=1"]]
        {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }
}
