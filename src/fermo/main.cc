#include <iostream>

#include "fermo/console.h"
#include "fermo/program.h"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  std::cin.tie(nullptr);
  fermo::commands::SystemTerminal terminal;
  const fermo::commands::Console console{std::cin, std::cout, std::cerr, terminal};
  return static_cast<int>(fermo::commands::run_program(argc, argv, console));
}
