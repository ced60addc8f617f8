"""Stops threads of a process as a debugger does: `PID NAME` stops all of that name, says so, and lets them
go once nothing more comes on standard input. `allow PROGRAM [ARGUMENT...]` runs a program that lets this be
done to it, also where the system keeps processes from each other."""
import ctypes
import os
import sys

SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
ALL_THREADS = 0x40000000
SET_TRACER, ANYBODY = 0x59616D61, ctypes.c_ulong(-1)

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long


def trace(request, thread):
    if libc.ptrace(request, thread, None, None) == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(thread))


if sys.argv[1] == "allow":
    # Where nothing has to be allowed this is refused, and nothing is lost.
    libc.prctl(SET_TRACER, ANYBODY, 0, 0, 0)
    os.execvp(sys.argv[2], sys.argv[2:])

tasks = f"/proc/{sys.argv[1]}/task"
names = {int(thread): open(f"{tasks}/{thread}/comm").read().strip() for thread in os.listdir(tasks)}
threads = [thread for thread, name in names.items() if name == sys.argv[2]]
assert threads, names
for thread in threads:
    trace(SEIZE, thread)
    trace(INTERRUPT, thread)
    os.waitpid(thread, ALL_THREADS)
print("frozen", flush=True)
sys.stdin.read()
for thread in threads:
    trace(DETACH, thread)
