; Keeps the assembler busy.
%rep 1000000000
  %rep 1000
    nop
  %endrep
%endrep
