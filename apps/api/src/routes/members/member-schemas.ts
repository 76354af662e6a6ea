import {
  AddedPerson,
  AddMemberBody,
  ChangeMemberBody,
  Person,
  PersonPage,
  pageQuery,
  ref,
} from '@leasehold/contract'
import { Type } from 'typebox'
import { answer, bodyProblems, noContent, problems } from '../answers.ts'

/** What the two APIs say alike about managing people; operation ids and parameters are their own. */
export const memberSchemas = {
  list: {
    tags: ['members'],
    querystring: Type.Object(pageQuery, { additionalProperties: false }),
    response: { 200: answer('One page.', PersonPage), ...problems(404, 409) },
  },
  add: {
    description:
      'May be repeated; with another role it changes the role. Who has not chosen a password yet is written to when the identity provider sends mail.',
    tags: ['members'],
    body: ref(AddMemberBody),
    response: {
      200: answer('The person, as they are in the tenant now.', AddedPerson),
      ...bodyProblems(404, 409, 422),
    },
  },
  change: {
    description: 'Access tokens that exist keep the old role until they expire, a few minutes.',
    tags: ['members'],
    body: ref(ChangeMemberBody),
    response: { 200: answer('The person.', Person), ...bodyProblems(404, 409) },
  },
  remove: {
    description:
      'They stay known to the identity provider. Access tokens that exist work until they expire, a few minutes.',
    tags: ['members'],
    response: { 204: noContent('They are out.'), ...problems(404, 409) },
  },
} as const
