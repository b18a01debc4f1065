# The flags of a release: every one was seen to work with g++ 12.2 on Debian 12. hardening_test.py looks for them in the binary.
if(FERMO_HARDENED)
  target_compile_options(fermo_flags INTERFACE
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS
    -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -fno-plt)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(fermo_flags INTERFACE -ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr)
  endif()
  target_link_options(fermo_flags INTERFACE
    -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code,-z,nodlopen)
endif()
