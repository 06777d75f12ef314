; format: elf32
; LAR, LSL, VERR, VERW and ARPL (SDM vol. 2): the verdict for every type of descriptor, from ring 0
; and ring 3. A line is type: LAR ZF and value, LSL ZF and value, VERR, VERW.

%define SPARES 4
%include "prot.inc"
%include "ring3.inc"

main:
    print   "ring 0", 10
    call    types
    mov     esi, user
    mov     edi, 0x3002
    call    in_ring3
    leave_with 0x03

user:
    print   "ring 3", 10
    call    types
    call    adjust
    user_end

; All 32 values of S and type, DPL 0 and 3; limit 12345 in pages
types:
    xor     esi, esi
.next:
    mov     eax, esi
    and     eax, 0x1f
    or      eax, 0x80
    test    esi, 0x20
    jz      .write
    or      eax, 0x60
.write:
    shl     eax, 8
    or      eax, 0x00810000
    mov     [gdt + SEL_SPARE + 4], eax
    mov     dword [gdt + SEL_SPARE], 0x2345
    mov     cx, SEL_SPARE
    call    ask
    inc     esi
    cmp     esi, 0x40
    jb      .next
    xor     ecx, ecx
    call    ask                     ; null
    mov     cx, 3
    call    ask
    mov     cx, SEL_BEYOND
    call    ask
    mov     cx, SEL_SPARE | 4       ; there is no LDT
    call    ask
    mov     cx, SEL_SPARE | 3       ; data of DPL 3, RPL 3
    mov     dword [gdt + SEL_SPARE + 4], 0x0040f200
    call    ask
    mov     dword [gdt + SEL_SPARE + 4], 0x00409200     ; DPL 0, RPL 3
    call    ask
    mov     cx, SEL_SPARE
    mov     dword [gdt + SEL_SPARE + 4], 0x00407200     ; not present: P does not matter
    call    ask
    ret

ask:
    hex8    esi
    print   " lar "
    mov     eax, 0x55555555
    lar     eax, ecx
    call    put_zf
    jnz     .lsl
    and     eax, 0x00f0ff00         ; bits 16-19 are undefined
.lsl:
    hex32   eax
    print   " lsl "
    mov     eax, 0x55555555
    lsl     eax, ecx
    call    put_zf
    hex32   eax
    print   " verr "
    verr    cx
    call    put_zf
    print   " verw "
    verw    cx
    call    put_zf
    print   10
    ret

; Print ZF; keeps all.
put_zf:
    pushf
    push    eax
    setz    al
    add     al, '0'
    out     DEBUG_PORT, al
    mov     al, ' '
    out     DEBUG_PORT, al
    pop     eax
    popf
    ret

adjust:
    xor     ebx, ebx
.first:
    mov     ecx, ebx
    and     ecx, 3
    mov     edx, ebx
    shr     edx, 2
    or      ecx, 0x1238
    or      edx, 0x5670
    arpl    cx, dx
    pushf
    print   "arpl "
    popf
    call    put_zf
    hex16   ecx
    print   10
    inc     ebx
    cmp     ebx, 16
    jb      .first
    ret
