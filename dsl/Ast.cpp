// The tree as text, for --emit=ast: one node a line, its place behind it, its parts below it and indented.
//
//   equation @4:3
//     left h prime @4:3
//     binary + @4:17
//       name x @4:15
//       int 1 @4:19
#include "dsl/Ast.h"
#include "dsl/Frontend.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>

using namespace llvm;

namespace rondo::dsl {

StringRef spelling(BinaryOp op) {
  switch (op) {
  case BinaryOp::When: return "when";
  case BinaryOp::Fby: return "fby";
  case BinaryOp::Or: return "or";
  case BinaryOp::And: return "and";
  case BinaryOp::Equal: return "==";
  case BinaryOp::NotEqual: return "!=";
  case BinaryOp::Less: return "<";
  case BinaryOp::LessEqual: return "<=";
  case BinaryOp::Greater: return ">";
  case BinaryOp::GreaterEqual: return ">=";
  case BinaryOp::Add: return "+";
  case BinaryOp::Subtract: return "-";
  case BinaryOp::Multiply: return "*";
  case BinaryOp::Divide: return "/";
  case BinaryOp::FloorDivide: return "//";
  case BinaryOp::Modulo: return "%";
  case BinaryOp::MatrixProduct: return "@";
  case BinaryOp::Power: return "^";
  }
  return "";
}

namespace {

class Printer {
public:
  Printer(const File &file, raw_ostream &os) : text(file.text), os(os) {
    lineStarts.push_back(text.begin());
    for (const char *p = text.begin(); p != text.end(); ++p)
      if (*p == '\n')
        lineStarts.push_back(p + 1);
  }

  void print(const File &file) {
    os << "file\n";
    Indented in(*this);
    doc(file.doc);
    if (file.version)
      line(file.versionRange.Start) << "version " << *file.version;
    for (const Use &use : file.uses) {
      line(use.range.Start) << "use \"";
      os.write_escaped(use.path) << '"';
    }
    // Equations and cells in their common source order.
    auto cell = file.cells.begin();
    auto equation = file.equations.begin();
    while (cell != file.cells.end() || equation != file.equations.end()) {
      bool cellIsNext =
          equation == file.equations.end() ||
          (cell != file.cells.end() && (*cell)->range.Start.getPointer() < (*equation)->range.Start.getPointer());
      if (cellIsNext)
        print(**cell++);
      else
        print(**equation++);
    }
    finishLine();
  }

private:
  struct Indented {
    explicit Indented(Printer &printer) : printer(printer) { ++printer.depth; }
    ~Indented() { --printer.depth; }
    Printer &printer;
  };

  /// Starts the line of a node; its place is written behind it when the next line starts.
  raw_ostream &line(SMLoc at) {
    finishLine();
    place = at;
    return os.indent(2 * depth);
  }

  void finishLine() {
    if (!place.isValid())
      return;
    auto after = std::upper_bound(lineStarts.begin(), lineStarts.end(), place.getPointer());
    os << " @" << (after - lineStarts.begin()) << ':' << (place.getPointer() - *std::prev(after) + 1) << '\n';
    place = SMLoc();
  }

  void doc(StringRef text) {
    if (text.empty())
      return;
    finishLine();
    os.indent(2 * depth) << "doc \"";
    os.write_escaped(text) << "\"\n";
  }

  void print(const Cell &cell) {
    line(cell.range.Start) << (cell.isModel ? "model " : "cell ") << cell.name.text;
    Indented in(*this);
    doc(cell.doc);
    for (const Decl &decl : cell.sizes)
      print(decl, "size");
    for (const Decl &decl : cell.inputs)
      print(decl, "input");
    for (const ResultType &result : cell.results) {
      line(result.type->range.Start) << "result";
      if (result.clock)
        os << " on " << result.clock->text;
      Indented in(*this);
      print(*result.type);
    }
    for (const Item *item : cell.body)
      print(*item);
  }

  void print(const Decl &decl, StringRef kind) {
    line(decl.name.range.Start) << kind << ' ' << decl.name.text;
    Indented in(*this);
    printAny(decl.type);
    printAny(decl.init);
  }

  void print(const Item &item) {
    if (item.kind == Item::Kind::Cell)
      return print(*item.cell);
    static constexpr StringRef kinds[] = {"cell",   "equation", "param",    "state", "input",
                                          "output", "loss",     "generate", "return"};
    line(item.range.Start) << kinds[static_cast<size_t>(item.kind)];
    if (item.next)
      os << " next";
    const char *separator = " ";
    for (const Name &name : item.names) {
      os << separator << name.text;
      separator = item.kind == Item::Kind::Generate ? " from " : ", ";
    }
    separator = " on ";
    for (const Name &clock : item.clocks) {
      os << separator << clock.text;
      separator = " in ";
    }
    Indented in(*this);
    for (const Lhs &lhs : item.lhs)
      print(lhs);
    printAny(item.type);
    printAny(item.value);
    printAny(item.family);
    for (const std::vector<PathElement> &path : item.trains)
      print(path);
    print(item.arguments);
    for (const Expr *result : item.results)
      print(*result);
  }

  void print(const Lhs &lhs) {
    line(lhs.range.Start) << "left " << lhs.name.text << (lhs.prime ? " prime" : "");
    Indented in(*this);
    printAny(lhs.index);
    printAny(lhs.type);
  }

  void print(const std::vector<PathElement> &path) {
    line(path.front().name.range.Start) << "trains ";
    for (const PathElement &element : path) {
      if (element.index >= 0)
        os << '[' << element.index << ']';
      else
        os << (&element == &path.front() ? "" : ".") << element.name.text;
    }
  }

  void print(const std::vector<Argument> &arguments) {
    for (const Argument &argument : arguments) {
      if (!argument.name) {
        print(*argument.value);
        continue;
      }
      line(argument.name->range.Start) << "argument " << argument.name->text;
      Indented in(*this);
      print(*argument.value);
    }
  }

  void print(const TypeExpr &type) {
    static constexpr StringRef kinds[] = {"real", "int", "bool", "cell", "token", "list"};
    line(type.range.Start) << "type " << kinds[static_cast<size_t>(type.kind)];
    Indented in(*this);
    printAny(type.tokens);
    printAny(type.element);
    for (const Expr *dim : type.dims)
      print(*dim);
  }

  void print(const Family &family) {
    line(family.range.Start) << "for " << family.variable.text;
    Indented in(*this);
    print(*family.low);
    print(*family.high);
  }

  void print(const Expr &expr) {
    head(expr);
    Indented in(*this);
    for (const Expr *operand : expr.operands)
      print(*operand);
    print(expr.arguments);
    for (const Subscript &subscript : expr.subscripts)
      print(subscript);
    printAny(expr.family);
  }

  void head(const Expr &expr) {
    bool isBinary = expr.kind == Expr::Kind::Binary;
    raw_ostream &os = line(isBinary ? expr.nameRange.Start : expr.range.Start);
    switch (expr.kind) {
    case Expr::Kind::Name: os << "name " << expr.name; break;
    case Expr::Kind::Int:
    case Expr::Kind::Real: {
      bool isInt = expr.kind == Expr::Kind::Int;
      os << (isInt ? "int " : "real ")
         << StringRef(expr.range.Start.getPointer(), expr.range.End.getPointer() - expr.range.Start.getPointer());
      break;
    }
    case Expr::Kind::Bool: os << "bool " << (expr.boolValue ? "true" : "false"); break;
    case Expr::Kind::If: os << "if"; break;
    case Expr::Kind::Unary: os << "unary " << (expr.unaryOp == UnaryOp::Not ? "not" : "-"); break;
    case Expr::Kind::Binary: os << "binary " << spelling(expr.binaryOp); break;
    case Expr::Kind::List: os << "list"; break;
    case Expr::Kind::Comprehension: os << "comprehension"; break;
    case Expr::Kind::Call: os << "call"; break;
    case Expr::Kind::Index: os << "index"; break;
    case Expr::Kind::Member: os << "member " << expr.name; break;
    case Expr::Kind::Prime: os << "prime"; break;
    }
  }

  void print(const Subscript &subscript) {
    if (!subscript.isRange)
      return print(*subscript.low);
    line(subscript.range.Start) << "range" << (subscript.low ? "" : " from the start")
                                << (subscript.high ? "" : " to the end");
    Indented in(*this);
    printAny(subscript.low);
    printAny(subscript.high);
  }

  /// A pointer or optional: what it holds, if anything.
  template <typename T> void printAny(const T &maybe) {
    if (maybe)
      print(*maybe);
  }

  StringRef text;
  raw_ostream &os;
  std::vector<const char *> lineStarts;
  unsigned depth = 0;
  SMLoc place; // of the node whose line is being written
};

} // namespace

void print(const File &file, raw_ostream &os) { Printer(file, os).print(file); }

void forEachName(const Expr &expr, llvm::function_ref<void(StringRef)> see) {
  auto inside = [&](const Expr *part) {
    if (part)
      forEachName(*part, see);
  };
  if (expr.kind == Expr::Kind::Name)
    see(expr.name);
  for (const Expr *operand : expr.operands)
    inside(operand);
  for (const Argument &argument : expr.arguments)
    inside(argument.value);
  for (const Subscript &subscript : expr.subscripts)
    inside(subscript.low), inside(subscript.high);
  if (expr.family)
    inside(expr.family->low), inside(expr.family->high);
}

} // namespace rondo::dsl
