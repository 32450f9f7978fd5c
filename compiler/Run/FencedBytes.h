// Memory for what a library is given. Pages that nobody may touch lie ahead of it and behind it, so that code which goes
// too far stops there, instead of reading or changing something else.
#ifndef RONDO_RUN_FENCEDBYTES_H
#define RONDO_RUN_FENCEDBYTES_H

#include <cstddef>
#include <utility>

namespace rondo::run {

class FencedBytes {
public:
  FencedBytes() = default;
  /// Zeros. They end at the fence, or less than `alignment` ahead of it, a power of two and at most a page.
  explicit FencedBytes(size_t size, size_t alignment = 64);
  FencedBytes(FencedBytes &&from) { *this = std::move(from); }
  FencedBytes &operator=(FencedBytes &&from) {
    std::swap(count, from.count);
    std::swap(bytes, from.bytes);
    std::swap(pages, from.pages);
    std::swap(pagesSize, from.pagesSize);
    return *this;
  }
  ~FencedBytes();

  size_t size() const { return count; }
  char *data() const { return bytes; }

private:
  size_t count = 0, pagesSize = 0;
  char *bytes = nullptr;
  void *pages = nullptr; // with the fences
};

/// In such memory what nobody wrote is not a number.
FencedBytes unwritten(size_t size, size_t alignment = 64);

} // namespace rondo::run
#endif
