import type { Statement, VariableDeclarator } from '@swc/core'
import { Visitor } from '@swc/core/Visitor.js'

type UsingDeclaration = { readonly type: 'UsingDeclaration'; decls: VariableDeclarator[] }

const visitKnown = Visitor.prototype.visitStatement

/** The visitor that dependency-cruiser walks the tree with does not know `using` yet and throws. */
Visitor.prototype.visitStatement = function visitStatement(this: Visitor, statement: Statement) {
  const declaration = statement as unknown as UsingDeclaration
  if (declaration.type !== 'UsingDeclaration') return visitKnown.call(this, statement)
  declaration.decls = this.visitVariableDeclarators(declaration.decls)
  return statement
}
