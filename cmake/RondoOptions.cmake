# How everything is compiled: warnings, RTTI as in the distribution's LLVM, no exceptions, ccache and lld where present.

if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(RONDO_CCACHE ccache)
  if(RONDO_CCACHE)
    # What ccache asks for where there are precompiled headers; -fno-pch-timestamp below is the rest.
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${RONDO_CCACHE})
    set(CMAKE_C_COMPILER_LAUNCHER ${RONDO_CCACHE})
  endif()
endif()

# Assertions stay on: they cost a hundredth of the time, and a compiler that goes on behind one that fails makes wrong
# code. They name files, as they lie in the tree.
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
add_compile_options(-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/= -fmacro-prefix-map=${PROJECT_BINARY_DIR}/=)
# Line numbers only: they serve backtraces, and full debug information of LLVM's headers trebles the objects.
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")

add_compile_options(-Wall -Wextra -Wno-unused-parameter)
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions>)
if(NOT LLVM_ENABLE_RTTI)
  message(FATAL_ERROR "this LLVM was built without RTTI; use the packages that ./dev setup installs")
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options(-fcolor-diagnostics "SHELL:-Xclang -fno-pch-timestamp")
  add_compile_options(-Wno-deprecated-declarations) # of get_temporary_buffer, which libstdc++ 12 itself uses in sorts
else()
  # LLVM's headers set off GCC's flow warnings in inlined code, where SYSTEM does not silence them.
  add_compile_options(-Wno-maybe-uninitialized -Wno-dangling-reference -Wno-array-bounds)
endif()

separate_arguments(definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
add_compile_options(${definitions})
include_directories(${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
include_directories(SYSTEM ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})

find_program(RONDO_LLD ld.lld HINTS ${LLVM_TOOLS_BINARY_DIR})
if(RONDO_LLD)
  add_link_options(-fuse-ld=lld)
endif()
add_link_options(-Wl,--as-needed)

if(RONDO_SANITIZE)
  add_compile_options(-fsanitize=${RONDO_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${RONDO_SANITIZE})
endif()
if(RONDO_SANITIZE_RUNTIME)
  set(RONDO_RUNTIME_FLAGS -fsanitize=${RONDO_SANITIZE_RUNTIME} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${RONDO_SANITIZE_RUNTIME})
endif()
