# Writes OUTPUT, a C++ file with the texts of the files listed in FILES (see rondo_embed).
file(STRINGS ${FILES} files)
set(code "// Generated from the files it holds.\n#include \"dsl/Frontend.h\"\n\nnamespace rondo::dsl {\n
llvm::ArrayRef<std::pair<llvm::StringRef, llvm::StringRef>> ${FUNCTION}();\n
llvm::ArrayRef<std::pair<llvm::StringRef, llvm::StringRef>> ${FUNCTION}() {\n")
set(rows "")
foreach(file IN LISTS files)
  file(RELATIVE_PATH name ${ROOT} ${file})
  file(READ ${file} text)
  string(APPEND rows "      {\"${name}\", R\"__embed__(${text})__embed__\"},\n")
endforeach()
if(rows STREQUAL "")
  string(APPEND code "  return {};\n}\n")
else()
  string(APPEND code "  static const std::pair<llvm::StringRef, llvm::StringRef> texts[] = {\n" "${rows}" "  };\n  return texts;\n}\n")
endif()
string(APPEND code "\n} // namespace rondo::dsl\n")
file(WRITE ${OUTPUT} "${code}")
