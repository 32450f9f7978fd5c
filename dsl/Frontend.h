// The front end as one call: files -> diagnostics and, where they are clean, checked models.
#ifndef RONDO_DSL_FRONTEND_H
#define RONDO_DSL_FRONTEND_H

#include "dsl/Ast.h"
#include "dsl/Diagnostics.h"
#include "dsl/Model.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/SourceMgr.h"
#include <deque>
#include <map>

namespace rondo::dsl {

struct CheckOptions {
  std::map<std::string, std::string> sizes; // -D name=value, values as written
  bool requireStep = false;                 // `--entry step`: a model that is not causal is R0407
  std::string libraryPath;                  // a folder to read the library from instead of the one built in
};

/// All that one run of the front end holds. Sources, trees and models live as long as it does.
class Frontend {
public:
  explicit Frontend(CheckOptions options = {});
  ~Frontend();

  /// Reads, parses and checks a file (and what it uses). A file that cannot be read is an R0209 at the command line.
  /// Models are appended to `models()`: for each model of the file its evaluation variant and, where it reads
  /// `training`, the training variant behind it. Returns whether no error was reported.
  bool checkFile(llvm::StringRef path);
  /// The same for a text that is not in a file; `name` stands in messages.
  bool checkText(llvm::StringRef text, llvm::StringRef name);

  /// Parses only.
  File *parseFile(llvm::StringRef path);
  File *parseText(llvm::StringRef text, llvm::StringRef name);

  Diagnostics &diagnostics() { return diags; }
  llvm::SourceMgr &sourceManager() { return sources; }
  std::deque<Model> &models() { return checked; }
  const std::deque<std::unique_ptr<File>> &parsedFiles() const { return files; }
  /// The names under which files were read, each once; texts and the library that is built in are none.
  std::vector<llvm::StringRef> filesRead() const;

private:
  File *parseBuffer(unsigned buffer);
  bool check(File *file);
  void checkUses(File *file, std::vector<std::string> &open);
  std::vector<File *> library();

  CheckOptions options;
  llvm::SourceMgr sources;
  Diagnostics diags{sources};
  std::deque<std::unique_ptr<File>> files;
  std::map<std::string, File *> filesByPath;
  std::map<File *, std::vector<File *>> used; // what a file's `use`s name
  std::vector<File *> libraryFiles;
  std::deque<Model> checked;
};

//===--- The stages -------------------------------------------------------------------------------------------===//

/// Lexer and parser, with recovery: all independent errors of the buffer are reported.
std::unique_ptr<File> parse(unsigned buffer, Diagnostics &diags);

/// The text in the one layout, comments kept; the text must parse.
std::string format(llvm::StringRef text);

/// An indented dump of the tree, for --emit=ast.
void print(const File &file, llvm::raw_ostream &os);

/// Elaborates and checks all of `file`: each model, and each cell that no model of the file instantiates is checked as
/// far as it can be without its sizes. `visible`: the files it uses, and what they use; it shadows the library.
bool elaborate(File &file, llvm::ArrayRef<File *> visible, llvm::ArrayRef<File *> library, const CheckOptions &options,
               Diagnostics &diags, std::deque<Model> &models);

/// The .rondo texts of lib/, embedded at build time: name ("lib/lstm.rondo"), text.
llvm::ArrayRef<std::pair<llvm::StringRef, llvm::StringRef>> libraryTexts();
/// docs/errors/ID.md, embedded at build time; empty where there is none.
llvm::StringRef explanation(DiagId id);

} // namespace rondo::dsl
#endif
