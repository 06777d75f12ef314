; format: elf32
; The keyboard controller's reset line: command fe to port 64 ends the run, status 0 where a reset does
; (QEMU -no-reboot).

%include "prot.inc"

main:
    mov     ecx, 1000000
.full:
    in      al, 0x64
    test    al, 2                   ; the input buffer
    loopnz  .full
    and     eax, 2
    show    2, "input full ", eax
    mov     al, 0xfe
    out     0x64, al
    mov     ecx, 100000000
.wait:
    in      al, 0x64
    loop    .wait
    print   "still here", 10
    leave_with UNEXPECTED
