; format: elf32
; Directory, table and page at the last pages of 32 MiB of RAM: the walk reads and writes the last bytes
; there are (SDM vol. 3, 4.3), the last linear addresses too.

%include "prot.inc"
%include "paging.inc"

%define FRAME 0x1ffd000
%define TABLE 0x1ffe000
%define DIRECTORY 0x1fff000
%define TEST 0xffc00000             ; the last directory entry: its bytes are the last of RAM

main:
    mov     edi, FRAME
    mov     ecx, 3 * 1024
    xor     eax, eax
    rep     stosd
    mov     dword [DIRECTORY], P | W | PS
    mov     dword [DIRECTORY + 0xffc], TABLE + (P | W)
    mov     dword [TABLE + 0xffc], FRAME + (P | W)
    mov     dword [TABLE], DIRECTORY + (P | W)
    mov     eax, DIRECTORY
    mov     cr3, eax
    cr_set  cr4, CR4_PSE
    cr_set  cr0, CR0_PG | CR0_WP
    mov     dword [0xfffffffc], 0x600df00d
    show    8, "last dword ", [0xfffffffc]
    try     "the first page", mov eax, [TEST + 0xffc]
    and     eax, 0xfff
    show    4, "pde, by the mapping of its page: ", eax
    mov     ebx, TEST
    mov     eax, [ebx + 0x3ff000 + 0xffc]
    show    8, "by base and offset ", eax
    mov     eax, [ebx + 0x400000 + 0x1000]  ; round the 4 GiB, to the program
    cmp     eax, [0x1000]
    sete    al
    movzx   eax, al
    show    2, "wraps to 0 ", eax
    try     "no page below it", mov al, [0xffffefff]
    try     "across into no page", mov eax, [0xffffeffe]
    mov     dword [TEST + 0xff8], TABLE + (P | W)   ; an entry more, through the mapping
    mov     eax, [0xffbff000]
    mov     ecx, [0xffbffffc]
    show    8, "the page by the new entry: ", eax, " ", ecx
    leave_with 0x49
