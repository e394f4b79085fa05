//! Relative links in Markdown files.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Failure;
use crate::process::text;
use crate::workspace;

/// Checks that what the Markdown files of the repository point to exists.
pub(super) fn check() -> Result<(), Failure> {
    let root = workspace::root();
    let files = text(Command::new("git").current_dir(&root).args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "--",
        "*.md",
    ]))?;
    let mut dead = Vec::new();
    for file in files.lines() {
        let path = root.join(file);
        let Ok(markdown) = fs::read_to_string(&path) else { continue };
        let folder = path.parent().unwrap_or(&root);
        dead.extend(
            targets(&markdown)
                .filter(|target| !leads_somewhere(folder, target))
                .map(|to| format!("{file}: {to}")),
        );
    }
    if dead.is_empty() { Ok(()) } else { Err(Failure::new(format!("dead links:\n{}", dead.join("\n")))) }
}

/// What stands in `[…](here)`, outside code blocks.
fn targets(markdown: &str) -> impl Iterator<Item = &str> {
    let mut code = false;
    markdown
        .lines()
        .filter(move |line| {
            let fence = line.trim_start().starts_with("```");
            code ^= fence;
            !code && !fence
        })
        .flat_map(|line| line.split("](").skip(1).filter_map(|rest| rest.split_once(')')))
        .map(|(target, _)| target)
}

fn leads_somewhere(folder: &Path, target: &str) -> bool {
    let elsewhere = ["http://", "https://", "mailto:", "#"];
    // Names of items, as rustdoc resolves them.
    let item = target.contains("::") || (!target.contains(['.', '/']) && !folder.join(target).exists());
    let file = target.split('#').next().unwrap_or(target);
    elsewhere.iter().any(|start| target.starts_with(start)) || item || folder.join(file).exists()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{leads_somewhere, targets};

    #[test]
    fn targets_are_found_outside_code() {
        let markdown = "See [a](a.md) and [b](b/c.md#d).\n```\n[x](no.md)\n```\n[e](e.md)";
        assert_eq!(targets(markdown).collect::<Vec<_>>(), ["a.md", "b/c.md#d", "e.md"]);
    }

    #[test]
    fn a_file_must_exist() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert!(leads_somewhere(folder, "Cargo.toml#top"));
        assert!(leads_somewhere(folder, "https://example.org/"));
        assert!(!leads_somewhere(folder, "missing.md"));
    }
}
