/// What AddressSanitizer does in every target unless ASAN_OPTIONS says otherwise. An execution is over after some ten
/// thousand allocations: a quarantine that holds those is enough, and stays in the processor's caches.
extern "C" const char* __asan_default_options();

extern "C" const char* __asan_default_options() {
  return "quarantine_size_mb=8:malloc_context_size=6:detect_stack_use_after_return=1:strict_string_checks=1";
}
