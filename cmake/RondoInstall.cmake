# What is installed besides the tools. None of it names a folder of this machine but LLVM's, so the tree may be moved.
# Components: `rondo`, all that a user needs, `doc`, and `developer`, which is rondo-opt.
include(CMakePackageConfigHelpers)

set(package ${PROJECT_SOURCE_DIR}/cmake/package)
set(made ${PROJECT_BINARY_DIR}/package)
configure_package_config_file(${package}/rondoConfig.cmake.in ${made}/rondoConfig.cmake INSTALL_DESTINATION lib/cmake/rondo)
write_basic_package_version_file(${made}/rondoConfigVersion.cmake COMPATIBILITY SameMinorVersion)
configure_file(${package}/rondo.pc.in ${made}/rondo.pc @ONLY)
configure_file(${package}/rondo.cfg.py.in ${made}/rondo.cfg.py @ONLY)

install(FILES ${made}/rondoConfig.cmake ${made}/rondoConfigVersion.cmake ${package}/rondoAddLibrary.cmake
  DESTINATION lib/cmake/rondo COMPONENT rondo)
install(FILES ${made}/rondo.pc DESTINATION share/pkgconfig COMPONENT rondo)
install(FILES ${made}/rondo.cfg.py DESTINATION lib/rondo/lit COMPONENT rondo)
# The library that `rondo` has built in, to be read and to be copied from.
install(DIRECTORY lib/ DESTINATION share/rondo/lib COMPONENT rondo FILES_MATCHING PATTERN "*.rondo")
install(DIRECTORY examples/ DESTINATION share/rondo/examples COMPONENT doc PATTERN "build" EXCLUDE PATTERN "Output" EXCLUDE
  PATTERN "__pycache__" EXCLUDE)
install(DIRECTORY docs DESTINATION share/doc/rondo COMPONENT doc)
# So that the documents' links lead to the examples.
file(CREATE_LINK ../../rondo/examples ${made}/examples SYMBOLIC)
install(FILES ${made}/examples DESTINATION share/doc/rondo COMPONENT doc)
install(FILES LICENSE DESTINATION share/doc/rondo COMPONENT doc)
