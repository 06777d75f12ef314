; format: bin
; Real mode (SDM vol. 3, 21.1): an IDT elsewhere with a limit, INT beyond it, faults and their IP, where
; a word or a 32-bit offset passes 64 KiB. A line is the vector (ff: none came) and the IP saved less
; the address of the instruction.

%include "report.inc"
%include "real.inc"

%define TABLE 0x1000                ; the vectors, 0 to 1f

    mov     di, TABLE
    mov     ax, handlers
    mov     cx, 32
.fill:
    stosw
    mov     word [di], 0
    inc     di
    inc     di
    add     ax, 4
    loop    .fill
    lidt    [table]

%macro try16 1+
    mov     si, %%at
    mov     bp, %%next
%%at:
    %1
%%next:
    call    tell
%endmacro

    try16   int 0x10
    try16   int 0x20                ; beyond the limit: #GP
    try16   int3
    mov     al, 0x7f
    inc     al
    try16   into
    try16   aam 0
    try16   bound ax, [limits]
    mov     bx, 0xffff
    try16   mov ax, [bx]            ; a word over the end: #GP
    mov     ebx, 0x10000
    try16   mov al, [ebx]           ; 32-bit offset beyond the limit: #GP
    try16   mov al, [esp + ebx]     ; the same through SS: #SS
    try16   lldt ax                 ; #UD in real mode
    leave_with 0x13

handlers:
%assign vector 0
%rep 32
    mov     dl, vector
    jmp     short caught
  %assign vector vector + 1
%endrep

caught:
    mov     [seen], dl
    pop     ax
    mov     [seen + 2], ax
    add     sp, 2
    pop     word [seen + 4]
    jmp     bp

tell:
    mov     ax, [seen + 2]
    sub     ax, si
    mov     ah, [seen]
    hex16   eax
    print   10
    mov     byte [seen], 0xff
    ret

    report_routines

limits: dw 1, 2
table:  dw      32 * 4 - 1
    dd      TABLE
seen:   dw 0xff, 0, 0

    boot_end
