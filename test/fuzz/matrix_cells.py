"""Random cells that remember a matrix: made of vectors, changed element by element, and read by vectors."""


class MatrixCell:
    def __init__(self, rng, name, lines, columns):
        self.rng, self.d, self.n = rng, lines, columns
        self.columns = ["a", "sigmoid(a)", "pre(a)"]  # of as many numbers as the matrix has lines
        self.rows = ["b", "tanh(b)", "pre(b)"]
        self.known = ["S"]
        start = rng.choice(["", "", " = 0.1"])
        text = [f"state S : real[{lines}, {columns}]{start}", f"param P : real[{lines}, {columns}] = normal(0.3)",
                f"param Q : real[{lines}, {2 * columns}] = normal(0.3)"]
        for i in range(rng.randrange(3)):
            text.append(f"m{i} = {self.matrix(2)}")
            self.known.append(f"m{i}")
            if rng.random() < 0.5:
                text.append(f"v{i} = 0.1 * ({self.column()})")
                self.columns.append(f"v{i}")
            if rng.random() < 0.3:
                text.append(f"w{i} = 0.1 * ({self.row()})")
                self.rows.append(f"w{i}")
        text.append(f"S' = tanh({self.pick(['0.5', 'P'])} * S + {self.matrix(2)})")
        self.known.append("S'")
        text.append(f"z = {self.column()}")
        self.columns.append("z")
        text.append(f"return {rng.choice(['z + ', ''])}{self.column()}")
        head = f"cell {name}(a: real[{lines}], b: real[{columns}], g: real[3]) -> real[{lines}] {{"
        self.text = "\n".join([head, *("    " + line for line in text), "  }"])

    def pick(self, forms):
        return self.rng.choice(forms)

    def matrix(self, depth):
        column, row, number = self.pick(self.columns), self.pick(self.rows), self.pick(["g[0]", "sigmoid(g[1])", "0.3"])
        forms = [lambda: f"reshape({column}, [{self.d}, 1]) @ reshape({row}, [1, {self.n}])",
                 lambda: self.pick(self.known), lambda: self.pick(["P", "S"])]
        inner = lambda: self.matrix(depth - 1)
        if depth:
            forms += [lambda: f"({inner()} + {inner()})", lambda: f"{number} * ({inner()})", lambda: f"tanh({inner()})",
                      lambda: f"P * ({inner()})", lambda: f"({number} * Q)[.., {self.pick([f'..{self.n}', f'{self.n}..'])}]",
                      lambda: f"({inner()} - {row})", lambda: f"(if ({inner()}) > 0.1 then {inner()} else {inner()})",
                      lambda: f"transpose({column} * transpose({inner()}))"]
        return self.pick(forms)()

    def column(self):
        matrix = self.pick(self.known)
        return self.pick([lambda: f"{matrix} @ {self.pick(self.rows)}", lambda: f"sum({matrix}, axis = 1)",
                          lambda: f"({self.matrix(2)}) @ {self.pick(self.rows)}",
                          lambda: f"tanh({matrix}) @ {self.pick(self.rows)} + {self.pick(self.columns)}",
                          lambda: f"{matrix} @ ({self.row()})", lambda: f"0.1 * max({matrix}, axis = 1)",
                          lambda: f"mean({matrix}, axis = all) * {self.pick(self.columns)}"])()

    def row(self):
        matrix = self.pick(self.known)
        return self.pick([lambda: f"{self.pick(self.columns)} @ {matrix}", lambda: f"sum({matrix}, axis = 0)",
                          lambda: f"{self.pick(self.columns)} @ ({self.matrix(1)})",
                          lambda: f"mean(tanh({matrix}), axis = 0) + {self.pick(self.rows)}"])()
