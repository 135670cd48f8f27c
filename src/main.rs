//! `osler`: parses, runs, exits.

fn main() -> std::process::ExitCode {
    osler::cli::main()
}
