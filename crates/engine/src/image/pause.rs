// SPDX-License-Identifier: Apache-2.0
//! The program of the pause image: holds a pod's namespaces, reaps what is left in them, ends when told to.
//!
//! A static ELF file of 227 bytes, written down as machine code because nothing in the image build compiles C:
//!
//! ```text
//!         rt_sigprocmask(SIG_BLOCK, &set, NULL, 8)       set = every signal
//! wait:   signal = rt_sigtimedwait(&set, NULL, NULL, 8)
//!         if signal == SIGTERM or signal == SIGINT goto end
//!         if signal != SIGCHLD goto wait
//! reap:   if wait4(-1, NULL, WNOHANG, NULL) > 0 goto reap
//!         goto wait
//! end:    exit(0)
//! ```

/// Where the program is loaded.
const BASE: u64 = 0x40_0000;
/// Sizes of the ELF header and of its one program header.
const HEADERS: u64 = 64 + 56;

const CODE: [u8; 107] = [
    0xb8, 0x0e, 0x00, 0x00, 0x00, 0x31, 0xff, 0x48, 0x8d, 0x35, 0x55, 0x00, 0x00, 0x00, 0x31, 0xd2, 0x41, 0xba, 0x08, 0x00, 0x00, 0x00,
    0x0f, 0x05, 0xb8, 0x80, 0x00, 0x00, 0x00, 0x48, 0x8d, 0x3d, 0x3f, 0x00, 0x00, 0x00, 0x31, 0xf6, 0x31, 0xd2, 0x41, 0xba, 0x08, 0x00,
    0x00, 0x00, 0x0f, 0x05, 0x83, 0xf8, 0x0f, 0x74, 0x25, 0x83, 0xf8, 0x02, 0x74, 0x20, 0x83, 0xf8, 0x11, 0x75, 0xd9, 0xb8, 0x3d, 0x00,
    0x00, 0x00, 0x48, 0x83, 0xcf, 0xff, 0x31, 0xf6, 0xba, 0x01, 0x00, 0x00, 0x00, 0x45, 0x31, 0xd2, 0x0f, 0x05, 0x85, 0xc0, 0x7f, 0xe7,
    0xeb, 0xbe, 0xb8, 0x3c, 0x00, 0x00, 0x00, 0x31, 0xff, 0x0f, 0x05, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
];

/// The program, or None where there is no machine code for this architecture.
pub(crate) fn program() -> Option<Vec<u8>> {
    (std::env::consts::ARCH == "x86_64").then(elf)
}

fn elf() -> Vec<u8> {
    let length = HEADERS + CODE.len() as u64;
    let mut file = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let half = |file: &mut Vec<u8>, value: u16| file.extend(value.to_le_bytes());
    let word = |file: &mut Vec<u8>, value: u32| file.extend(value.to_le_bytes());
    let long = |file: &mut Vec<u8>, value: u64| file.extend(value.to_le_bytes());
    half(&mut file, 2); // executable
    half(&mut file, 62); // x86-64
    word(&mut file, 1);
    long(&mut file, BASE + HEADERS); // entry
    long(&mut file, 64); // program headers
    long(&mut file, 0); // no sections
    word(&mut file, 0);
    for value in [64, 56, 1, 64, 0, 0] {
        half(&mut file, value);
    }
    word(&mut file, 1); // load
    word(&mut file, 5); // readable, executable
    for value in [0, BASE, BASE, length, length, 0x1000] {
        long(&mut file, value);
    }
    file.extend(CODE);
    file
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;
    use magnum_host::{Program, file, process};
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;
    use std::time::Duration;

    #[test]
    fn it_waits_and_ends_when_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pause");
        file::write(&path, &program().unwrap(), 0o755).unwrap();
        let name = path.display().to_string();
        let thread = std::thread::spawn({
            let name = name.clone();
            move || Program::new(name).time_limit(Duration::from_secs(10)).end().unwrap()
        });
        let find = || process::all().into_iter().find(|p| process::command_line(*p) == [name.clone()]);
        let pid = loop {
            if let Some(pid) = find() {
                break pid;
            }
            assert!(!thread.is_finished(), "it ended by itself");
        };
        // Blocked or not yet blocked, it ends; only an ending by itself would be wrong.
        kill(Pid::from_raw(pid), Signal::SIGWINCH).unwrap();
        kill(Pid::from_raw(pid), Signal::SIGTERM).unwrap();
        let ended = thread.join().unwrap();
        assert!(!ended.timed_out);
    }
}
