# What the folders' CMakeLists.txt use.

# rondo_add_library(NAME sources... LINK libraries...)
# A static library. Only the shared libMLIR (MLIR) and libLLVM (LLVM) may be linked, never their component archives: both
# in one process register LLVM's options twice.
function(rondo_add_library name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "LINK")
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
endfunction()

# rondo_add_tool(NAME sources... LINK libraries... COMPONENT component): an executable in build/bin that is installed.
function(rondo_add_tool name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "COMPONENT" "LINK")
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${ARG_LINK})
  install(TARGETS ${name} RUNTIME DESTINATION bin COMPONENT ${ARG_COMPONENT})
endfunction()

# rondo_tablegen(TARGET FILE.td {OUTPUT.inc -gen-...}...)
# Adds what mlir-tblgen makes of FILE.td to TARGET; whatever links TARGET waits for it. In C++: "compiler/IR/OUTPUT.inc".
# More options of one generator join its flag with commas: -gen-dialect-decls,-dialect=rnn
function(rondo_tablegen target td)
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/${td})
  set(rest ${ARGN})
  while(rest)
    list(POP_FRONT rest name flags)
    string(REPLACE "," ";" flags ${flags})
    set(output ${CMAKE_CURRENT_BINARY_DIR}/${name})
    add_custom_command(
      OUTPUT ${output}
      COMMAND ${MLIR_TABLEGEN_EXE} ${flags} -I ${CMAKE_SOURCE_DIR} -I ${LLVM_INCLUDE_DIR} ${source} -o ${output} -d ${output}.d
              --write-if-changed
      DEPENDS ${source} ${MLIR_TABLEGEN_EXE}
      DEPFILE ${output}.d
      COMMENT "Generating ${name}"
      VERBATIM)
    target_sources(${target} PRIVATE ${output})
  endwhile()
endfunction()

# rondo_embed(TARGET DIRECTORY PATTERN OUTPUT.cpp FUNCTION)
# Adds to TARGET `ArrayRef<pair<StringRef, StringRef>> rondo::dsl::FUNCTION()`: name from the source root, and text, of
# each file, sorted by name.
function(rondo_embed target directory pattern output function)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${directory}/${pattern})
  set(script ${CMAKE_SOURCE_DIR}/cmake/Embed.cmake)
  set(list ${CMAKE_CURRENT_BINARY_DIR}/${output}.list)
  # A file that goes away must remake the output too: the list is a dependency.
  string(REPLACE ";" "\n" lines "${files}")
  file(CONFIGURE OUTPUT ${list} CONTENT "${lines}\n" @ONLY)
  add_custom_command(
    OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${output}
    COMMAND ${CMAKE_COMMAND} -DROOT=${CMAKE_SOURCE_DIR} -DFILES=${list} -DOUTPUT=${CMAKE_CURRENT_BINARY_DIR}/${output}
            -DFUNCTION=${function} -P ${script}
    DEPENDS ${files} ${list} ${script}
    COMMENT "Embedding ${directory}/${pattern}"
    VERBATIM)
  target_sources(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/${output})
endfunction()
