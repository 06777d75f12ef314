; format: elf32
; The defined flags of arithmetic, logic, shifts by immediate and CL, rotates, double shifts, multiplication,
; bit scans and tests, decimal adjustment, INC and DEC with CF kept, XADD, CMPXCHG, SAHF (SDM vol. 1,
; appendix A). A flag that is undefined is masked: OF of a shift by more than 1, AF of logic and shifts,
; SF, ZF, AF, PF of MUL, all but ZF of BSF and BSR, the result of those for 0.

%include "prot.inc"

%define CF 1
%define PF 4
%define AF 0x10
%define ZF 0x40
%define SF 0x80
%define OF 0x800
%define ARITHMETIC (CF | PF | AF | ZF | SF | OF)
%define LOGIC (CF | PF | ZF | SF | OF)
%define SHIFT (CF | PF | ZF | SF)
%define PRODUCT (CF | OF)

; flags_of "name", MASK, INSTRUCTION: run it with each of the values in EAX and the next two in EBX and
; EDX. Print EAX and the flags in MASK for the first five, and a hash of all.
%macro flags_of 3+
    mov     esi, values
    xor     edi, edi
    print   %1
%%next:
    mov     eax, [esi]
    mov     ebx, [esi + 4]
    mov     ecx, ebx
    mov     edx, [esi + 8]
    mov     ebp, esi
    and     ebp, 4
    neg     ebp                     ; known flags, every second time with CF
    %3
    pushf
    pop     ebp
    and     ebp, %2
    cmp     esi, values + 16
    ja      %%hash
    print   " "
    hex32   eax
    print   "/"
    hex16   ebp
%%hash:
    rol     edi, 5
    xor     edi, eax
    rol     edi, 5
    xor     edi, ebp
    add     esi, 4
    cmp     esi, values_end - 8
    jb      %%next
    print   " all "
    hex32   edi
    print   10
%endmacro

main:
    flags_of "add", ARITHMETIC, add eax, ebx
    flags_of "add byte", ARITHMETIC, add al, bl
    flags_of "adc", ARITHMETIC, adc eax, ebx
    flags_of "adc word", ARITHMETIC, adc ax, bx
    flags_of "sub", ARITHMETIC, sub eax, ebx
    flags_of "sub word", ARITHMETIC, sub ax, bx
    flags_of "sbb", ARITHMETIC, sbb eax, ebx
    flags_of "sbb byte", ARITHMETIC, sbb al, bl
    flags_of "cmp byte", ARITHMETIC, cmp al, bl
    flags_of "inc", ARITHMETIC, inc eax
    flags_of "inc byte", ARITHMETIC, inc al
    flags_of "dec", ARITHMETIC, dec eax
    flags_of "neg", ARITHMETIC, neg eax
    flags_of "neg byte", ARITHMETIC, neg al
    flags_of "not", LOGIC, not eax
    flags_of "and", LOGIC, and eax, ebx
    flags_of "or word", LOGIC, or ax, bx
    flags_of "xor byte", LOGIC, xor al, bl
    flags_of "test", LOGIC, test eax, ebx
    flags_of "xadd", ARITHMETIC, xadd eax, ebx
    flags_of "cmpxchg", ARITHMETIC, cmpxchg ebx, edx
    flags_of "shl 1", SHIFT | OF, shl eax, 1
    flags_of "shr 1", SHIFT | OF, shr eax, 1
    flags_of "sar 1", SHIFT | OF, sar eax, 1
    flags_of "shl 7", SHIFT, shl eax, 7
    flags_of "shr byte 7", SHIFT, shr al, 7
    flags_of "sar word 15", SHIFT, sar ax, 15
    flags_of "shl 0", LOGIC, shl eax, 32
    call    by_cl
    flags_of "rol 1", CF | OF, rol eax, 1
    flags_of "ror 1", CF | OF, ror eax, 1
    flags_of "rcl 1", CF | OF, rcl eax, 1
    flags_of "rcr 1", CF | OF, rcr eax, 1
    flags_of "rol byte 9", CF, rol al, 9
    flags_of "rol byte 8", CF, rol al, 8
    flags_of "rcl byte 9", CF, rcl al, 9
    flags_of "rcr word 17", CF, rcr ax, 17
    flags_of "rcl 13", CF, rcl eax, 13
    flags_of "shld 1", SHIFT | OF, shld eax, ebx, 1
    flags_of "shrd 1", SHIFT | OF, shrd eax, ebx, 1
    flags_of "shld 19", SHIFT, shld eax, ebx, 19
    flags_of "shrd word 11", SHIFT, shrd ax, bx, 11
    flags_of "mul", PRODUCT, mul ebx
    flags_of "mul byte", PRODUCT, mul bl
    flags_of "imul", PRODUCT, imul ebx
    flags_of "imul word", PRODUCT, imul bx
    flags_of "imul 2", PRODUCT, imul eax, ebx
    flags_of "imul 3", PRODUCT, imul eax, ebx, -100
    flags_of "bsf", ZF, call scan_forward
    flags_of "bsr", ZF, call scan_reverse
    flags_of "bt", CF, bt eax, ebx
    flags_of "btc", CF, btc eax, ebx
    flags_of "aaa", CF | AF, aaa
    flags_of "aas", CF | AF, aas
    flags_of "daa", SHIFT | AF, daa
    flags_of "das", SHIFT | AF, das
    flags_of "aam", SF | ZF | PF, aam
    flags_of "aam 16", SF | ZF | PF, aam 16
    flags_of "aad", SF | ZF | PF, aad
    flags_of "aad 7", SF | ZF | PF, aad 7
    flags_of "sahf", ARITHMETIC, sahf
    flags_of "lahf", ARITHMETIC, lahf
    flags_of "cmc", CF, cmc
    flags_of "bswap", LOGIC, bswap eax
    flags_of "cbw", LOGIC, cbw
    flags_of "movsx", LOGIC, movsx eax, bl
    flags_of "lea", LOGIC, lea eax, [eax + ebx * 4 + 5]
    leave_with 0x6e

; The destination is undefined for a source of 0.
scan_forward:
    bsf     eax, ebx
    jnz     .end
    mov     eax, 0
.end:
    ret

scan_reverse:
    bsr     eax, ebx
    jnz     .end
    mov     eax, 0
.end:
    ret

; CL is masked to 5 bits; a count of 0 leaves the flags.
by_cl:
    flags_of "shl cl", CF, call shift_left
    flags_of "shr cl", CF, call shift_right
    flags_of "sar cl", CF, sar eax, cl
    flags_of "rol cl", CF, rol eax, cl
    flags_of "ror byte cl", CF, ror al, cl
    flags_of "rcl cl", CF, rcl eax, cl
    flags_of "rcr byte cl", CF, rcr al, cl
    ret

shift_left:
    shl     eax, cl
    ret

shift_right:
    shr     eax, cl
    ret

section .data
align 16
values: dd 0x00000000, 0xffffffff, 0x7fffffff, 0x00000001, 0x80000000, 0x12345678, 0x000000ff, 0x0000ff00
    dd      0x00008000, 0x0000007f, 0x80000001, 0xfffffffe, 0x00000099, 0x0000000a, 0x0000001f, 0x00000020
    dd      0x00000021, 0x55555555, 0xaaaaaaaa, 0x00010000, 0x0000009a, 0x00007fff, 0xffff8000, 0xffffff80
values_end:
