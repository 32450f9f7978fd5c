#include "compiler/Run/FencedBytes.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace rondo::run {

FencedBytes::FencedBytes(size_t size, size_t alignment) : count(size) {
  const size_t page = ::sysconf(_SC_PAGESIZE), inside = llvm::alignTo(size, page);
  pagesSize = inside + 2 * page;
  pages = ::mmap(nullptr, pagesSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *begin = static_cast<char *>(pages) + page;
  if (pages == MAP_FAILED || (inside && ::mprotect(begin, inside, PROT_READ | PROT_WRITE) != 0))
    llvm::report_bad_alloc_error("no memory for a library's call");
  bytes = begin + inside - llvm::alignTo(size, alignment);
}

FencedBytes::~FencedBytes() {
  if (pages)
    ::munmap(pages, pagesSize);
}

FencedBytes unwritten(size_t size, size_t alignment) {
  FencedBytes memory(size, alignment);
  std::memset(memory.data(), 0xff, size);
  return memory;
}

} // namespace rondo::run
