; format: elf32
; INS and OUTS with REP and a count of 0 at a port that ring 3 may not use: the right is checked before
; the count (SDM vol. 2, INS, OUTS: the operation begins with the check).

%include "prot.inc"
%include "ring3.inc"

main:
    mov     word [tss + 102], 0x68
    mov     esi, user
    mov     edi, 2
    call    in_ring3
    print   "rep insb, ecx 0"
    call    put_caught
    leave_with 0x17

; No port is open here, so the line is told in ring 0.
user:
    mov     dword [caught_count], 0
    mov     dword [try_resume], .next
    mov     dword [try_at], .at
    mov     edi, buffer
    mov     dx, 0x80
    xor     ecx, ecx
.at:
    rep insb
.next:
    user_end

section .bss
buffer: resb    16
