//! `osler`: parses, runs, exits.

/// Blocks from this size on are given back to the system as soon as they are free, in bytes.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const GIVEN_BACK: std::ffi::c_int = 1 << 20;

/// The C library raises that size by itself, up to 32 MB, whenever a larger block is freed; the buffers of the engine and
/// of the decoders then stay in the heap with holes between them, and a long recording takes more and more memory.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn keep_no_large_blocks() {
    #[allow(unsafe_code)]
    // SAFETY: called once, before there is a second thread; the call reads two numbers and nothing else. Should it fail,
    // the library keeps its own way, which takes more memory and nothing else.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, GIVEN_BACK);
    }
}

fn main() -> std::process::ExitCode {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    keep_no_large_blocks();
    // The default message may quote what was dictated; the place in the code is enough to find the fault.
    std::panic::set_hook(Box::new(|info| {
        let place = info
            .location()
            .map_or_else(String::new, |l| format!(" at {}:{}", l.file(), l.line()));
        eprintln!("osler: internal error{place}; nothing was lost, please report it");
    }));
    osler::cli::main()
}
