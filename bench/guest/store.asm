; format: bin
; Parameters: pages of a round, pages in use. At first a byte in each page in use, from 1 MiB on, is
; given a value; then each round adds one to a word in each of so many pages from there on.
%include "rom.inc"

%define BASE 0x100000

    rom_begin
main:
    rom_mark                        ; the parameters are there
    mov     edi, BASE + 64
    mov     ecx, [PARAMETERS + 4]
    jecxz   ready
use:
    mov     byte [edi], 1
    add     edi, 4096
    loop    use
ready:
    rom_mark
    mov     edi, BASE
    mov     ecx, [PARAMETERS]
page:
    inc     dword [edi]
    add     edi, 4096
    loop    page
    jmp     ready
    rom_end
