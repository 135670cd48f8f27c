//! `osler`: parses, runs, exits.

fn main() -> std::process::ExitCode {
    // The default message may quote what was dictated; the place in the code is enough to find the fault.
    std::panic::set_hook(Box::new(|info| {
        let place = info
            .location()
            .map_or_else(String::new, |l| format!(" at {}:{}", l.file(), l.line()));
        eprintln!("osler: internal error{place}; nothing was lost, please report it");
    }));
    osler::cli::main()
}
