# What `cmake --install` puts where. Included by src/fermo, which makes the program. The configuration of an earlier installation stays.
include(GNUInstallDirs)

install(TARGETS fermo RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

file(GLOB man1 CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/man/*.1)
file(GLOB man5 CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/man/*.5)
install(FILES ${man1} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${man5} DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)

# Each shell looks for its scripts in a folder and under a name of its own.
function(install_completion shell folder name)
  set(script ${CMAKE_CURRENT_BINARY_DIR}/completions/${name})
  add_custom_command(OUTPUT ${script} COMMAND fermo completion ${shell} > ${script} DEPENDS fermo VERBATIM
                     COMMENT "Writing the completion for ${shell}")
  set_property(GLOBAL APPEND PROPERTY FERMO_COMPLETIONS ${script})
  install(FILES ${script} DESTINATION ${CMAKE_INSTALL_DATADIR}/${folder})
endfunction()
file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/completions)
install_completion(bash bash-completion/completions fermo)
install_completion(zsh zsh/site-functions _fermo)
install_completion(fish fish/vendor_completions.d fermo.fish)
get_property(completion_scripts GLOBAL PROPERTY FERMO_COMPLETIONS)
add_custom_target(fermo_completions ALL DEPENDS ${completion_scripts})

function(install_system_unit source name)
  configure_file(${PROJECT_SOURCE_DIR}/packaging/${source}.in ${CMAKE_CURRENT_BINARY_DIR}/${name} @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name} DESTINATION lib/systemd/system)
endfunction()
install_system_unit(fermo.service fermo.service)
# The processes that fermo.service is made of: a socket for each, and what connecting to it starts.
function(install_role FERMO_ROLE FERMO_ROLE_PURPOSE)
  list(JOIN ARGN "\n" FERMO_ROLE_SETTINGS)
  install_system_unit(fermo-role@.service fermo-${FERMO_ROLE}@.service)
  install_system_unit(fermo-role.socket fermo-${FERMO_ROLE}.socket)
endfunction()
install_role(net "which talks to the network" DynamicUser=yes User=fermo-net)
install_role(keys "which holds the private keys" DynamicUser=yes User=fermo-keys)
install_role(auth "which verifies passwords" User=fermo Group=fermo InaccessiblePaths=-/var/lib/fermo/store)
install_role(store "which holds the mail" User=fermo Group=fermo ReadWritePaths=/var/lib/fermo/store)
# For the service manager of each user.
foreach(unit fermo-fetch.service fermo-fetch@.service)
  configure_file(${PROJECT_SOURCE_DIR}/packaging/${unit}.in ${CMAKE_CURRENT_BINARY_DIR}/${unit} @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${unit} DESTINATION lib/systemd/user)
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/packaging/fermo-fetch@.timer DESTINATION lib/systemd/user)
install(FILES ${PROJECT_SOURCE_DIR}/packaging/fermo.sysusers DESTINATION lib/sysusers.d RENAME fermo.conf)
# Where the program looks for it, whatever the prefix is.
install(CODE "
  set(configuration \"\$ENV{DESTDIR}/etc/fermo/fermo.toml\")
  if(NOT EXISTS \"\${configuration}\")
    file(INSTALL \"${PROJECT_SOURCE_DIR}/packaging/fermo.toml\" DESTINATION /etc/fermo)
  endif()")
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
