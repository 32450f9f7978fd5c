// Arrays from and to files: .npy, .csv, .txt, .safetensors. Nothing here knows a model; Inputs.h gives meaning to rows.
//
// A mistake in a file is a FileError: its message starts with the file's name, and the line and column where there are
// lines.
#ifndef RONDO_RUN_FILES_H
#define RONDO_RUN_FILES_H

#include "compiler/Reference/Interpreter.h"
#include "compiler/Run/Safetensors.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

namespace llvm {
class raw_ostream;
}

namespace rondo::run {

using reference::Array;

llvm::Error failure(const llvm::Twine &message);

/// "FILE:LINE:COLUMN: what is wrong", with as much of the place as is known.
class FileError : public llvm::ErrorInfo<FileError> {
public:
  static char ID;
  FileError(std::string file, int64_t line, int64_t column, std::string what)
      : file(std::move(file)), line(line), column(column), what(std::move(what)) {}
  void log(llvm::raw_ostream &os) const override;
  std::error_code convertToErrorCode() const override { return llvm::inconvertibleErrorCode(); }

  std::string file;
  int64_t line, column; // from 1; 0: unknown
  std::string what;     // is wrong
};
llvm::Error failureIn(llvm::StringRef path, const llvm::Twine &what, int64_t line = 0, int64_t column = 0);

/// The product of the extents; the caller knows that it fits.
int64_t elementCount(llvm::ArrayRef<int64_t> shape);
/// An array of zeros.
Array makeArray(std::vector<int64_t> shape, bool isReal);
/// Rows `begin` to `end` of the first axis.
Array sliceRows(const Array &array, int64_t begin, int64_t end);
/// The rows of all parts one after another; `rowShape` and `isReal` say what they are when there is none.
Array joinRows(llvm::ArrayRef<Array> parts, llvm::ArrayRef<int64_t> rowShape, bool isReal);

//===--- .npy --------------------------------------------------------------------------------------------------===//

/// NumPy's format, versions 1 to 3: little-endian bool, signed and unsigned integers and floats of any width, C order.
llvm::Expected<Array> readNpy(llvm::StringRef path);
llvm::Expected<Array> parseNpy(llvm::StringRef bytes, llvm::StringRef path);
/// As float64 or int64.
std::string npyBytes(const Array &array);

//===--- .csv --------------------------------------------------------------------------------------------------===//

/// A table of numbers, one row a line; `lines` says where each stands. An empty line ends a sample.
struct Table {
  std::vector<std::string> header; // empty: there was none
  int64_t columns = 0;
  std::vector<double> values;   // row-major
  std::vector<int64_t> lines;   // of each row, from 1
  std::vector<int64_t> samples; // offsets into the rows: one more than there are samples
};

/// Fields between commas (or semicolons or tabs, whichever the first line has), quotes allowed; the first line is a
/// header if all its fields are words. `true` and `false` are 1 and 0.
llvm::Expected<Table> readCsv(llvm::StringRef path);
llvm::Expected<Table> parseCsv(llvm::StringRef text, llvm::StringRef path);

//===--- .txt --------------------------------------------------------------------------------------------------===//

/// A text without the byte order mark that it may begin with.
inline llvm::StringRef withoutMark(llvm::StringRef text) {
  text.consume_front("\xEF\xBB\xBF");
  return text;
}
/// The characters of a text as tokens. token(256): bytes. token(96): space to `~` are 0 to 94, the end of a line (LF or
/// CR LF) is 95. The end of line that ends the text does not count. `name` stands in messages.
llvm::Expected<std::vector<int64_t>> encodeText(llvm::StringRef text, int64_t tokens, llvm::StringRef name);
/// The inverse; nothing for another number of tokens.
bool textHasTokens(int64_t tokens); // 96 or 256
std::string decodeText(llvm::ArrayRef<int64_t> tokens, int64_t alphabet);
/// Numbers separated by white space: with `columns` over 1 each line holds exactly so many. An empty line ends a
/// sample.
llvm::Expected<Table> parseNumbers(llvm::StringRef text, int64_t columns, llvm::StringRef path);

//===--- All ---------------------------------------------------------------------------------------------------===//

llvm::Expected<std::string> readWhole(llvm::StringRef path);
llvm::Expected<std::unique_ptr<SafetensorsFile>> openSafetensors(llvm::StringRef path);
Array toArray(const Tensor &tensor);
void addTensor(SafetensorsWriter &writer, llvm::StringRef name, const Array &array, DType realType);

/// All tensors of a file, by name.
llvm::Expected<reference::Params> readParams(llvm::StringRef path);

/// What `write` prints appears under `path` whole or not at all, also where `path` is a link; only a device or a pipe
/// takes it as it comes. "-" is the standard output.
llvm::Error writeWhole(llvm::StringRef path, llvm::function_ref<void(llvm::raw_ostream &)> write);
/// The same of several files, by their paths: if one of them cannot be written, none is.
using NamedBytes = std::pair<std::string, std::string>;
llvm::Error writeAllWhole(llvm::ArrayRef<NamedBytes> files);

} // namespace rondo::run
#endif
