; format: bin
; Puts the CPU into the mode that AL asks for, once, up to a HLT: the lock-step test takes
; the hidden state that this leaves (GDTR, IDTR, TR, control registers) and sets everything else.
; Loaded at 1000h, entered in real mode with CS = 0. mode.h knows the addresses and selectors.
;
;   al  0 real, 1 16-bit protected, 2 32-bit flat, 3 32-bit paging, 4 PAE paging, 5 long
;
;   0000 vectors of real mode (the test's)  8000 handlers: one HLT every 16 bytes
;   1000 this code, GDT, TSS, IDTs         10000 code of a sequence
;   4000 page tables, also behind 9000     20000 data, 30000 stacks (sequence: 38000, handler: 3f000)
;
; Paging maps the first A0000h bytes to themselves, for both rings, except in the data:
;   24000 read-only   25000 not present   26000 supervisor   27000 not dirty

    org     0x1000
    bits    16

%define HANDLERS 0x8000
%define SEL_CODE16 0x08             ; base 0, for the handlers
%define SEL_CODE32 0x40
%define SEL_DATA32 0x48
%define SEL_CODE64 0x60
%define SEL_TSS32 0x70
%define SEL_TSS64 0x78

start:
    cli
    cld
    xor     bx, bx
    mov     ds, bx
    mov     es, bx
    test    al, al
    jz      real
    lgdt    [gdtr]
    mov     edx, cr0
    and     edx, 0x0000001b         ; not CD, NW, TS
    or      edx, 0x00050023         ; PE, MP, NE, WP, AM
    and     dl, 0xf3
    cmp     al, 3
    jb      .no_paging
    call    paging
.no_paging:
    mov     cr0, edx
    cmp     al, 1
    jne     .not16
    jmp     SEL_CODE16:prot16
.not16:
    cmp     al, 5
    je      .long
    jmp     SEL_CODE32:prot32
.long:
    jmp     SEL_CODE64:long64

; CR4 and CR3 for mode AL, PG and LME where it has them. EDX: CR0 to be
paging:
    push    eax
    push    edx
    mov     ecx, 0x600              ; OSFXSR, OSXMMEXCPT
    mov     ebx, directory32
    cmp     al, 3
    je      .tables
    or      cl, 0x20                ; PAE
    mov     ebx, pointers_pae
    cmp     al, 4
    je      .tables
    mov     ebx, pml4
.tables:
    mov     cr4, ecx
    mov     cr3, ebx
    cmp     al, 3
    je      .done
    mov     ebx, 0x800              ; NXE
    cmp     al, 4
    je      .efer
    or      bh, 0x01                ; LME
.efer:
    mov     ecx, 0xc0000080
    rdmsr
    or      eax, ebx
    wrmsr
.done:
    pop     edx
    or      edx, 0x80000000
    pop     eax
    ret

real:
    mov     edx, cr0
    and     edx, 0x00000012
    or      edx, 0x00000022         ; MP, NE
    mov     cr0, edx
    mov     ecx, 0x600
    mov     cr4, ecx
    jmp     ready

prot16:
    lidt    [idtr16]
    mov     ax, SEL_TSS32
    ltr     ax
    mov     ecx, 0x600
    mov     cr4, ecx
ready:
    hlt
    jmp     ready

    bits    32
prot32:
    cmp     al, 3
    jae     .idt
    mov     ecx, 0x600
    mov     cr4, ecx
.idt:
    lidt    [idtr32]
    mov     eax, SEL_TSS32
    ltr     ax
    mov     eax, SEL_DATA32
    mov     ds, eax
    mov     es, eax
    mov     ss, eax
ready32:
    hlt
    jmp     ready32

    bits    64
    default abs
long64:
    lidt    [idtr64]
    mov     eax, SEL_TSS64
    ltr     ax
    mov     eax, SEL_DATA32
    mov     ds, eax
    mov     es, eax
    mov     ss, eax
ready64:
    hlt
    jmp     ready64

    align 16
gdt:
    dq      0
    dq      0x00009b000000ffff      ; 08 16-bit code, base 0
    dq      0x00009b010000ffff      ; 10 16-bit code, base 10000
    dq      0x000093020000ffff      ; 18 16-bit data, base 20000
    dq      0x000093030000ffff      ; 20 16-bit data, base 30000
    dq      0x0000fb010000ffff      ; 28 to 38: 10 to 20 for ring 3
    dq      0x0000f3020000ffff
    dq      0x0000f3030000ffff
    dq      0x00cf9b000000ffff      ; 40 32-bit code
    dq      0x00cf93000000ffff      ; 48 data, 4 GiB
    dq      0x00cffb000000ffff      ; 50, 58: the same for ring 3
    dq      0x00cff3000000ffff
    dq      0x00af9b000000ffff      ; 60 64-bit code
    dq      0x00affb000000ffff      ; 68 for ring 3
    dq      0x0000890000000000 + 103 + ((tss32 - start + 0x1000) << 16)            ; 70
    dq      0x0000890000000000 + 103 + ((tss64 - start + 0x1000) << 16), 0         ; 78
    dq      0x00cf73000000ffff      ; 88 data for ring 3, not present
    dq      0x00cff1000000ffff      ; 90 data for ring 3, read-only
gdt_end:

gdtr:
    dw      gdt_end - gdt - 1
    dd      gdt
idtr16:
    dw      32 * 8 - 1
    dd      idt16
idtr32:
    dw      32 * 8 - 1
    dd      idt32
idtr64:
    dw      32 * 16 - 1
    dq      idt64

    align 16
tss32:
    dd      0, 0x3f000, SEL_DATA32
    times   102 - ($ - tss32) db 0
    dw      104                     ; no I/O bitmap
    align 16
tss64:
    dd      0
    dq      0x3f000, 0, 0, 0, 0x3e000   ; RSP0, IST1
    times   102 - ($ - tss64) db 0
    dw      104

; INT3 and INTO are for ring 3 as well.
%macro gates 3                      ; code segment, type, size
  %assign vector 0
  %rep 32
    %if vector == 3 || vector == 4
      %assign dpl 3
    %else
      %assign dpl 0
    %endif
    dw      HANDLERS + vector * 16, %1
    %if %3 == 16 && (vector == 8 || vector == 12 || vector == 13 || vector == 14)
    db      1                       ; IST1
    %else
    db      0
    %endif
    db      0x80 + dpl * 32 + %2
    dw      0
    %if %3 == 16
    dq      0
    %endif
    %assign vector vector + 1
  %endrep
%endmacro

    align 16
idt16:
    gates   SEL_CODE16, 0x6, 8
idt32:
    gates   SEL_CODE32, 0xe, 8
idt64:
    gates   SEL_CODE64, 0xe, 16

%macro pages 2                      ; entry size, high bits of data pages
  %assign page 0
  %rep 0xa0
    %assign flags 0x67              ; present, writable, user, accessed, dirty
    %if page == 0x24
      %assign flags 0x65
    %elif page == 0x25
      %assign flags 0
    %elif page == 0x26
      %assign flags 0x63
    %elif page == 0x27
      %assign flags 0x27
    %endif
    dd      page * 0x1000 + flags
    %if %1 == 8
      %if page >= 0x20 && page < 0x30
    dd      %2
      %else
    dd      0
      %endif
    %endif
    %assign page page + 1
  %endrep
    align 4096, db 0
%endmacro

    align 4096, db 0
    times   0x4000 - 0x1000 - ($ - $$) db 0
directory32:
    dd      table32 + 0x67
    align 4096, db 0
table32:
    pages   4, 0
pml4:
    dd      pointers_long + 0x67
    align 4096, db 0
pointers_long:
    dd      directory64 + 0x67
    align 4096, db 0
handlers:
    times   512 db 0xf4
    align 4096, db 0
directory64:
    dd      table64 + 0x67
    align 4096, db 0
table64:
    pages   8, 0x80000000           ; XD
pointers_pae:
    dd      directory64 + 0x01
    align 4096, db 0
%if handlers - start != HANDLERS - 0x1000
    %error "the handlers are not where the vectors point to"
%endif
