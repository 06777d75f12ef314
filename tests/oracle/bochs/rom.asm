; A ROM for Bochs that holds one guest and starts it as emu/core/loader.c does: an ELF32 file with
; the start state of the Multiboot Specification 0.6.96 section 3.2, anything else as a boot sector
; at 7c00. No BIOS runs, no device is set up.
;
;   nasm -f bin -D 'GUEST="file"' -o rom.bin rom.asm
;
; Bochs puts the ROM's end at 4 GiB; the CPU starts 16 bytes below that (SDM vol. 3, 10.1.4).
; The guest's text goes to port e9 between two marks of the ROM and of report.inc, which tell it
; from what Bochs itself writes.

%define DEBUG_PORT 0xe9
%define TEXT_BEGINS 0x02

%define ROM_SIZE 0x20000
%define CODE_SIZE 0x1000            ; the last page; the guest has the rest
%define SEL_CODE 0x08
%define SEL_DATA 0x10
%define SEL_CODE16 0x18
%define SEL_DATA16 0x20

%define STACK 0x600
%define LOW 0x600
%define BOOT_AT 0x7c00
%define BOOT_DRIVE 0x80
%define MULTIBOOT_EAX 0x2badb002

%define ELF_ENTRY 24                ; offsets in the headers (gABI, Figures 4-3 and 5-1)
%define ELF_PHOFF 28
%define ELF_PHENTSIZE 42
%define ELF_PHNUM 44
%define PH_OFFSET 4
%define PH_PADDR 12
%define PH_FILESZ 16
%define PH_MEMSZ 20
%define PT_LOAD 1

    org     -ROM_SIZE & 0xffffffff
rom:
guest:
    incbin  GUEST
    times   ROM_SIZE - CODE_SIZE - ($ - rom) db 0

    bits    16
%define real(label) ((label) - rom - ROM_SIZE + 0x10000)    ; offset in the reset CS

start:
    cli
    o32 lgdt [cs:real(gdtr)]
    mov     eax, cr0
    and     eax, ~0x60000000        ; CD and NW: caches on, as firmware leaves them
    or      al, 1
    mov     cr0, eax
    jmp     dword SEL_CODE:protected

; Back in real mode; runs at LOW.
into_real:
    mov     eax, cr0
    and     al, ~1
    mov     cr0, eax
    jmp     0:LOW + .segments - into_real
.segments:
    xor     eax, eax
    mov     ds, ax
    mov     es, ax
    mov     fs, ax
    mov     gs, ax
    mov     ss, ax
    mov     esp, BOOT_AT
    mov     dx, BOOT_DRIVE
    jmp     0:BOOT_AT
into_real_end:

    bits    32
protected:
    mov     ax, SEL_DATA
    mov     ds, ax
    mov     es, ax
    mov     fs, ax
    mov     gs, ax
    mov     ss, ax
    mov     esp, STACK
    cld
    mov     al, TEXT_BEGINS
    out     DEBUG_PORT, al
    cmp     dword [guest], 0x464c457f
    jne     boot_sector

    movzx   ebp, word [guest + ELF_PHNUM]
    mov     ebx, [guest + ELF_PHOFF]
    add     ebx, guest
.next:
    cmp     dword [ebx], PT_LOAD
    jne     .skip
    mov     esi, [ebx + PH_OFFSET]
    add     esi, guest
    mov     edi, [ebx + PH_PADDR]
    mov     ecx, [ebx + PH_FILESZ]
    mov     edx, [ebx + PH_MEMSZ]
    sub     edx, ecx
    rep     movsb
    mov     ecx, edx
    xor     eax, eax
    rep     stosb
.skip:
    movzx   eax, word [guest + ELF_PHENTSIZE]
    add     ebx, eax
    dec     ebp
    jnz     .next
    mov     eax, MULTIBOOT_EAX
    call    clear_registers
    jmp     [guest + ELF_ENTRY]

boot_sector:
    mov     esi, guest
    mov     edi, BOOT_AT
    mov     ecx, 512
    rep     movsb
    mov     esi, into_real
    mov     edi, LOW
    mov     ecx, into_real_end - into_real
    rep     movsb
    lidt    [idtr_real]
    xor     eax, eax
    call    clear_registers
    mov     ebp, SEL_DATA16         ; the limits of real mode
    mov     ds, bp
    mov     es, bp
    mov     fs, bp
    mov     gs, bp
    mov     ss, bp
    jmp     SEL_CODE16:LOW

; All but EAX and ESP; the flags as after a reset
clear_registers:
    xor     ebx, ebx
    xor     ecx, ecx
    xor     edx, edx
    xor     esi, esi
    xor     edi, edi
    xor     ebp, ebp
    push    dword 2
    popf
    ret

    align   8
gdt:
    dq      0
    dq      0x00cf9b000000ffff
    dq      0x00cf93000000ffff
    dq      0x00009b000000ffff
    dq      0x000093000000ffff
gdt_end:
gdtr:
    dw      gdt_end - gdt - 1
    dd      gdt
idtr_real:
    dw      0x3ff
    dd      0

    times   ROM_SIZE - 16 - ($ - rom) db 0
    bits    16
    jmp     start
    times   ROM_SIZE - ($ - rom) db 0
