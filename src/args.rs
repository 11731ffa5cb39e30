//! The command line (clap); nothing else reads argv.
