; format: elf32
; The guest of lab 02, here for the oracles: what sensitive instructions show and lose in ring 3 on a real one is
; what QEMU and Bochs say, too.

%include "../02_trap-and-emulate/guest.asm"
