; format: bin
; Writes pages as programs do. The first round fills RAM from 1 MiB on; each further one writes runs of
; RUN pages at random places there.
;
; Parameters: pages in use (a power of two), runs of a round, seed (not 0), kinds: four digits in hex,
; one for each page number modulo 4, that say what such a page becomes:
;   0  text: lines of a log, each with a number
;   1  records of 64 bytes with pointers, of which a further round changes every eighth
;   2  a copy of the page before, as a cache and its reader have it
;   3  random bytes, as compressed or encrypted data are
%include "rom.inc"

%define USED [PARAMETERS]
%define RUNS [PARAMETERS + 4]
%define SEED [PARAMETERS + 8]
%define KINDS [PARAMETERS + 12]
%define NUMBER [PARAMETERS + 16]    ; of the next line or record
%define LEFT [PARAMETERS + 20]      ; runs
%define BASE 0x100000
%define RUN 8
%define LINE 32

; EAX: the next of a random series (xorshift).
%macro random 0
    mov     eax, SEED
    mov     edx, eax
    shl     edx, 13
    xor     eax, edx
    mov     edx, eax
    shr     edx, 17
    xor     eax, edx
    mov     edx, eax
    shl     edx, 5
    xor     eax, edx
    mov     SEED, eax
%endmacro

    rom_begin
main:
    rom_mark                        ; the parameters are there
    cld
    mov     esp, 0x7000
    mov     edi, BASE
    mov     ecx, USED
    call    write_pages
next:
    rom_mark
    mov     eax, RUNS
    mov     LEFT, eax
run:
    random
    mov     edi, USED
    dec     edi
    and     edi, eax
    and     edi, -RUN
    shl     edi, 12
    add     edi, BASE
    mov     ecx, RUN
    call    write_pages
    dec     dword LEFT
    jnz     run
    jmp     next

; ECX pages at EDI, which moves on.
write_pages:
    push    ecx
    mov     ecx, edi
    shr     ecx, 12
    and     ecx, 3
    shl     ecx, 2
    mov     eax, KINDS
    shr     eax, cl
    and     eax, 3
    call    [kinds + eax * 4]
    pop     ecx
    loop    write_pages
    ret

    align   4
kinds:
    dd      text, records, copy, noise

text:
    mov     ebx, 4096 / LINE
.line:
    mov     esi, line
    mov     ecx, LINE / 4
    rep movsd
    inc     dword NUMBER
    mov     eax, NUMBER
    mov     ecx, 8
    lea     edx, [edi - LINE + 7]
.digit:
    push    eax
    and     eax, 15
    mov     al, [digits + eax]
    mov     [edx], al
    pop     eax
    shr     eax, 4
    dec     edx
    loop    .digit
    dec     ebx
    jnz     .line
    ret
line:
    db      "00000000 queue 7: request done", 13, 10
digits:
    db      "0123456789abcdef"

; A record: its number, a pointer to the next, a pointer to some other, flags, and what is zero. One
; that is there already gets another number and pointer.
records:
    mov     ebx, 64
.record:
    cmp     dword [edi + 4], 0
    je      .write
    test    ebx, 7
    jnz     .skip
.write:
    inc     dword NUMBER
    random
    and     eax, 0xfffc0
    add     eax, BASE
    mov     [edi + 8], eax
    mov     eax, NUMBER
    mov     [edi], eax
    lea     eax, [edi + 64]
    mov     [edi + 4], eax
    mov     dword [edi + 12], 0x80000001
.skip:
    add     edi, 64
    dec     ebx
    jnz     .record
    ret

copy:
    lea     esi, [edi - 4096]
    mov     ecx, 1024
    rep movsd
    ret

noise:
    mov     ecx, 1024
.word:
    random
    stosd
    loop    .word
    ret
    rom_end
