//! The manual page and the shells' completions.

use super::Args;
use clap::CommandFactory;
use std::io::Write;

/// Writes the completion script of a shell.
pub fn completions(shell: clap_complete::Shell, out: &mut dyn Write) {
    clap_complete::generate(shell, &mut Args::command(), "pgdeck", out);
}

/// Writes the manual page: one page with every subcommand.
///
/// # Errors
/// Writing failed.
pub fn man(out: &mut dyn Write) -> std::io::Result<()> {
    let mut command = Args::command();
    command.build();
    let page = clap_mangen::Man::new(command.clone());
    page.render_title(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    page.render_description_section(out)?;
    page.render_options_section(out)?;
    for sub in command.get_subcommands().filter(|s| !s.is_hide_set()) {
        writeln!(out, ".SH \"PGDECK {}\"", sub.get_name().to_uppercase())?;
        let page = clap_mangen::Man::new(sub.clone());
        section(out, |out| page.render_description_section(out))?;
        section(out, |out| page.render_synopsis_section(out))?;
        section(out, |out| page.render_options_section(out))?;
    }
    page.render_extra_section(out)
}

/// A section of a subcommand's own page, one level lower.
fn section(
    out: &mut dyn Write,
    write: impl Fn(&mut dyn Write) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut text = vec![];
    write(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    for line in text.lines().filter(|l| *l != ".SH DESCRIPTION") {
        match line.strip_prefix(".SH ") {
            Some(title) => writeln!(out, ".SS {title}")?,
            None => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}
