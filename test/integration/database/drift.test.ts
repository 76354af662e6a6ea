import { describe } from 'vitest'
import { driftStories } from './drift-stories.ts'
import { openTestDatabase } from './use-database.ts'

describe('the drift finder', () => driftStories(openTestDatabase))
