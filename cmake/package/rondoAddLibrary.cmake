# rondo_add_library(TARGET FILE.rondo
#   [SHARED | STATIC]         a shared library (the default), or a static one that becomes part of what links it
#   [MODEL name]              which model, where the file has several
#   [TARGET level...]         machines, as of `rondo build --target`; by default this one, or the one compiled for
#   [DTYPE type]              as of `rondo build --dtype`
#   [DEFINE NAME=VALUE...]    sizes of the model
#   [GRADIENTS]               with what computes gradients, and optimisers
#   [CHECKPOINT rows]         of samples that are too long to keep, as of `rondo build --checkpoint`
#   [WINDOWS]                 with what goes on with samples window by window
#   [TRAINING]                with `training` true; library, header and names are those of MODEL_train
#   [OUTPUT_DIRECTORY folder]) where library and header go; else TARGET.rondo in the current binary directory
#
# Compiles a model when the project is built, and again when the file, or one that it uses, has changed. Who links TARGET
# finds MODEL.h. Its properties RONDO_MODEL, RONDO_HEADER and RONDO_LIBRARY are the model's name and where the files are. A
# shared one is an imported library: install it by install(IMPORTED_RUNTIME_ARTIFACTS).
include_guard(GLOBAL)
cmake_policy(PUSH)
cmake_policy(VERSION 3.21)

# The model that a file has, as `rondo` would find it: that no two targets must be built to know their files' names. The
# file is read again when it has changed.
function(_rondo_only_model out file)
  if(NOT EXISTS "${file}")
    message(FATAL_ERROR "rondo_add_library: there is no file ${file}. Of a file that is made during the build, say the "
                        "model: MODEL name")
  endif()
  file(READ "${file}" text)
  foreach(skipped "\"[^\"\n]*\"" "#[^\n]*") # texts, comments
    string(REGEX REPLACE "${skipped}" "" text "${text}")
  endforeach()
  string(REGEX MATCHALL "(^|[^A-Za-z_0-9])model[ \t\r\n]+[A-Za-z_][A-Za-z_0-9]*" found "${text}")
  set(models "")
  foreach(match IN LISTS found)
    string(REGEX REPLACE ".*[ \t\r\n]" "" model "${match}")
    list(APPEND models ${model})
  endforeach()
  list(LENGTH models count)
  list(JOIN models ", " names)
  if(count EQUAL 0)
    message(FATAL_ERROR "rondo_add_library: ${file} has no model")
  elseif(count GREATER 1)
    message(FATAL_ERROR "rondo_add_library: ${file} has several models; choose one by MODEL: ${names}")
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
  set(${out} ${models} PARENT_SCOPE)
endfunction()

function(rondo_add_library target file)
  cmake_parse_arguments(PARSE_ARGV 2 ARG "SHARED;STATIC;GRADIENTS;WINDOWS;TRAINING" "MODEL;DTYPE;CHECKPOINT;OUTPUT_DIRECTORY" "TARGET;DEFINE")
  set(me "rondo_add_library(${target})")

  if(ARG_UNPARSED_ARGUMENTS)
    list(JOIN ARG_UNPARSED_ARGUMENTS " " rest)
    message(FATAL_ERROR "${me}: does not know what to do with: ${rest}\nAfter the file there may be SHARED or STATIC, MODEL, "
                        "TARGET, DTYPE, DEFINE, GRADIENTS, CHECKPOINT, WINDOWS, TRAINING and OUTPUT_DIRECTORY.")
  endif()
  if(ARG_KEYWORDS_MISSING_VALUES)
    list(JOIN ARG_KEYWORDS_MISSING_VALUES ", " rest)
    message(FATAL_ERROR "${me}: no value behind ${rest}")
  endif()
  if(ARG_SHARED AND ARG_STATIC)
    message(FATAL_ERROR "${me}: SHARED or STATIC, not both")
  endif()
  if(TARGET ${target})
    message(FATAL_ERROR "${me}: there is a target of this name already")
  endif()
  foreach(define IN LISTS ARG_DEFINE)
    if(NOT define MATCHES "^[A-Za-z_][A-Za-z_0-9]*=.")
      message(FATAL_ERROR "${me}: DEFINE takes NAME=VALUE, not '${define}'")
    endif()
  endforeach()

  get_filename_component(file "${file}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_SOURCE_DIR}")
  set(model "${ARG_MODEL}")
  if(NOT model)
    _rondo_only_model(model "${file}")
  endif()
  set(folder "${ARG_OUTPUT_DIRECTORY}")
  if(NOT folder)
    set(folder "${target}.rondo")
  endif()
  get_filename_component(folder "${folder}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_BINARY_DIR}")
  file(MAKE_DIRECTORY "${folder}") # of headers: CMake wants it to be there

  set(levels "${ARG_TARGET}")
  if(NOT levels AND CMAKE_CROSSCOMPILING)
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
      set(levels aarch64)
    elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
      set(levels x86-64-v2)
    else()
      message(FATAL_ERROR "${me}: there is no code for ${CMAKE_SYSTEM_PROCESSOR}; the levels are those of "
                          "`rondo build --target`")
    endif()
  endif()
  set(options --model ${model})
  if(ARG_TRAINING)
    string(APPEND model _train) # what is called so then
  endif()
  if(levels)
    list(JOIN levels "," levels)
    list(APPEND options --target ${levels})
  endif()
  if(ARG_DTYPE)
    list(APPEND options --dtype ${ARG_DTYPE})
  endif()
  if(ARG_CHECKPOINT)
    list(APPEND options --checkpoint ${ARG_CHECKPOINT})
  endif()
  foreach(flag IN ITEMS GRADIENTS WINDOWS TRAINING)
    if(ARG_${flag})
      string(TOLOWER ${flag} option)
      list(APPEND options --${option})
    endif()
  endforeach()
  foreach(define IN LISTS ARG_DEFINE)
    list(APPEND options -D ${define})
  endforeach()

  get_target_property(rondo rondo::rondo IMPORTED_LOCATION)
  set(header "${folder}/${model}.h")
  set(depfile "${CMAKE_CURRENT_BINARY_DIR}/${target}.rondo.d")
  if(ARG_STATIC)
    set(library "${folder}/${model}.o")
    add_custom_command(
      OUTPUT "${library}"
      COMMAND rondo::rondo build "${file}" ${options} --emit=obj -o "${library}" --depfile "${depfile}"
      DEPENDS "${file}" "${rondo}"
      DEPFILE "${depfile}"
      COMMENT "Compiling model ${model}"
      VERBATIM)
    # Whatever changes the object may change the header.
    add_custom_command(
      OUTPUT "${header}"
      COMMAND rondo::rondo build "${file}" ${options} --emit=header -o "${header}"
      DEPENDS "${library}"
      COMMENT "Writing the header of model ${model}"
      VERBATIM)
  else()
    set(library "${folder}/lib${model}.so")
    add_custom_command(
      OUTPUT "${library}" "${header}"
      COMMAND rondo::rondo build "${file}" ${options} -o "${folder}" --depfile "${depfile}"
      DEPENDS "${file}" "${rondo}"
      DEPFILE "${depfile}"
      COMMENT "Compiling model ${model}"
      VERBATIM)
  endif()
  add_custom_target(${target}.rondo ALL DEPENDS "${library}" "${header}")

  if(ARG_STATIC)
    get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
    list(FILTER languages INCLUDE REGEX "^(C|CXX)$")
    if(NOT languages)
      message(FATAL_ERROR "${me}: a STATIC library needs C or C++ among the project's LANGUAGES")
    endif()
    list(GET languages 0 language)
    add_library(${target} STATIC "${library}")
    set_source_files_properties("${library}" PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
    find_package(Threads REQUIRED)
    set_target_properties(${target} PROPERTIES LINKER_LANGUAGE ${language})
    target_link_libraries(${target} INTERFACE m Threads::Threads)
    target_include_directories(${target} INTERFACE "$<BUILD_INTERFACE:${folder}>")
  else()
    add_library(${target} SHARED IMPORTED GLOBAL)
    set_target_properties(${target} PROPERTIES
      IMPORTED_LOCATION "${library}"
      IMPORTED_SONAME "lib${model}.so"
      INTERFACE_INCLUDE_DIRECTORIES "${folder}")
  endif()
  add_dependencies(${target} ${target}.rondo)
  set_target_properties(${target} PROPERTIES
    RONDO_MODEL ${model}
    RONDO_HEADER "${header}"
    RONDO_LIBRARY "${library}")
endfunction()

cmake_policy(POP)
