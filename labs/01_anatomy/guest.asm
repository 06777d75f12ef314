; format: bin
; Lab 01: a guest that climbs from real mode to long mode and leaves the guest on the way in every
; manner that a first look at a hypervisor wants to see, each once or a few times:
;
;   real mode        CPUID, OUT (a text, byte by byte), MOV CR0
;   protected mode   REP OUTSB, MOV CR4, MOV CR3, RDMSR and WRMSR of EFER, MOV CR0
;   long mode        IN and OUT (the UART), RDTSC, CPUID, #DE, #PF, INVLPG, a read and a write where
;                    no memory is, VMCALL, OUT (debug exit)
;
; It is loaded at 1000 and entered there in real mode. Memory it uses:
;   1000   this program          70000  PML4, 71000 PDPT, 72000 PD
;   7c00   top of its stack      200000 a page that is mapped by the #PF handler

%define DEBUG_PORT 0xe9
%define DEBUG_EXIT 0xf4
%define COM1_DATA 0x3f8
%define COM1_LSR 0x3fd              ; line status; bit 5: a byte may be sent
%define LSR_THRE 0x20

%define PML4 0x70000
%define PDPT 0x71000
%define PD 0x72000
%define LATE_PAGE 0x200000          ; linear: its entry is missing at first
%define NOWHERE 0x800000            ; physical: behind the 4 MiB of this lab's machine

%define SEL_CODE32 0x08
%define SEL_DATA 0x10
%define SEL_CODE64 0x18

    org     0x1000

; Real mode: 16-bit code, segment * 16 + offset, no protection.
    bits    16
    cli
    cld
    xor     ax, ax
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    mov     sp, 0x7c00
    mov     eax, 0x80000001         ; does this CPU have long mode? CPUID always exits
    cpuid
    bt      edx, 29
    jnc     no_long_mode
    mov     si, text_real
real_print:
    lodsb
    test    al, al
    jz      to_protected
    out     DEBUG_PORT, al
    jmp     real_print

to_protected:
    lgdt    [gdtr]
    mov     eax, cr0
    or      al, 1                   ; PE
    mov     cr0, eax
    jmp     SEL_CODE32:protected

no_long_mode:
    hlt
    jmp     no_long_mode

; Protected mode: 32-bit code, segments from the GDT, paging still off.
    bits    32
protected:
    mov     ax, SEL_DATA
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    mov     esp, 0x7c00
    mov     esi, text_protected     ; a string instruction: one exit an element
    mov     ecx, text_protected_size
    mov     dx, DEBUG_PORT
    rep     outsb

    mov     edi, PML4               ; three tables; writing RAM costs no exit
    xor     eax, eax
    mov     ecx, 3 * 4096 / 4
    rep     stosd
    mov     dword [PML4], PDPT + 3  ; present, writable
    mov     dword [PDPT], PD + 3
    mov     dword [PD], 0x83        ; 2 MiB page at 0
    mov     dword [PD + 8 * (NOWHERE >> 21)], NOWHERE + 0x83

    mov     eax, cr4
    or      al, 0x20                ; PAE
    mov     cr4, eax
    mov     eax, PML4
    mov     cr3, eax
    mov     ecx, 0xc0000080         ; EFER
    rdmsr
    or      ah, 1                   ; LME
    wrmsr
    mov     eax, cr0
    or      eax, 0x80000000         ; PG: long mode becomes active
    mov     cr0, eax
    jmp     SEL_CODE64:long_mode

; Long mode: 64-bit code, flat, everything through the page tables.
    bits    64
    default abs
long_mode:
    mov     ax, SEL_DATA
    mov     ss, ax
    mov     esp, 0x7c00
    lidt    [idtr]
    mov     esi, text_long
    mov     ecx, text_long_size
uart_print:
    mov     dx, COM1_LSR            ; wait until the UART takes a byte
    in      al, dx
    test    al, LSR_THRE
    jz      uart_print
    mov     dx, COM1_DATA
    lodsb
    out     dx, al
    loop    uart_print

    rdtsc                           ; how long does a CPUID take? in guest time: next to nothing
    mov     r8d, eax
    xor     eax, eax
    cpuid
    rdtsc
    sub     eax, r8d

    xor     ecx, ecx
    mov     eax, 100
    xor     edx, edx
    div     ecx                     ; #DE: the handler steps over it

    mov     rax, [LATE_PAGE]        ; #PF: the handler fills in the entry, and this runs again
    mov     rbx, [NOWHERE]          ; mapped by the guest, but no memory: EPT violation; all ones
    mov     [NOWHERE + 8], rax      ; the same for a write, which is lost

    mov     eax, 0x4f4c4c48         ; "HLLO": a call to the hypervisor; ours has no such service
    vmcall
    mov     al, 0x15
    out     DEBUG_EXIT, al          ; the end: status (15 << 1) | 1
stay:
    hlt
    jmp     stay

; Handlers. The exit comes first: the hypervisor sees the exception and hands it on.
divide_error:
    add     qword [rsp], 2          ; DIV ECX has two bytes
    iretq

; #UD of VMCALL: there is no hypervisor to call
invalid_opcode:
    add     qword [rsp], 3
    iretq

page_fault:
    push    rax
    mov     rax, cr2                ; the address that has no entry
    mov     dword [PD + 8 * (LATE_PAGE >> 21)], LATE_PAGE + 0x83
    invlpg  [rax]
    pop     rax
    add     rsp, 8                  ; the error code
    iretq

text_real: db   "real mode", 10, 0
text_protected: db "protected mode", 10
text_protected_size equ $ - text_protected
text_long: db   "long mode", 10
text_long_size equ $ - text_long

    align   8, db 0
gdt:
    dq      0
    dq      0x00cf9b000000ffff      ; code, 32 bit
    dq      0x00cf93000000ffff      ; data
    dq      0x00af9b000000ffff      ; code, 64 bit
gdt_end:
gdtr:
    dw      gdt_end - gdt - 1
    dd      gdt

; A 64-bit gate: offset 15:0, selector, IST and type, offset 31:16, offset 63:32, 0
%macro gate 1
    dw      %1 - $$ + 0x1000, SEL_CODE64, 0x8e00, 0
    dq      0
%endmacro

    align   8, db 0
idt:
    gate    divide_error            ; 0 #DE
    times   5 dq 0, 0
    gate    invalid_opcode          ; 6 #UD
    times   7 dq 0, 0
    gate    page_fault              ; 14 #PF
idt_end:
idtr:
    dw      idt_end - idt - 1
    dq      idt
