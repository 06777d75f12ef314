; format: bin
; The same as mb_info, a file without a format: the header says by its address fields where it goes.
; It begins in the middle of the file, so that the loader has to find it and to count back from it.

%include "report.inc"

    bits    32
    org     0x180000
begin:
    db      "what lies before the header is loaded, too"
    align   4, db 0
header:
    dd      0x1badb002, 0x10003, -(0x1badb002 + 0x10003)
    dd      header, begin, loaded, kernel_end, entry

entry:
    mov     esp, stack_top
    cmp     dword [begin], "what"
    jne     broken
    cmp     dword [loaded], 0       ; .bss: the file goes on, but is not to be loaded
    jne     broken
    jmp     mb_info
broken:
    leave_with 0x7f

%include "mb_info.inc"

answer: db 0
    align   4, db 0
loaded:
    dd      -1
stack_top equ loaded + 4096
kernel_end equ stack_top + 8192
