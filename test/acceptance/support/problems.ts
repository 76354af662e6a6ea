import type { Problem, ProblemCode } from '@leasehold/contract'
import { expect } from 'vitest'
import type { Answer } from '../../../scripts/client/api-client.ts'

/** Checks that an answer is the RFC 9457 problem it should be, and gives its body. */
export function expectProblem(answer: Answer, status: number, code: ProblemCode): Problem {
  const problem = JSON.parse(answer.text) as Problem
  expect({ status: answer.status, code: problem.code, text: answer.text }).toMatchObject({
    status,
    code,
  })
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/)
  expect(problem.status).toBe(status)
  expect(problem.detail).not.toBe('')
  return problem
}

/** A refusal without what names this one request: for comparing two of them word for word. */
export function anonymous({ status, text }: Answer, id: string): unknown {
  const { requestId, ...problem } = JSON.parse(text.replaceAll(id, '<id>')) as Problem
  expect(requestId).toBeTruthy()
  return { status, problem }
}
