// Segment's own client against the simulator, unchanged: list, invite, cancel, remove, rotate a key.
// Usage: node walk.js BASE_ADDRESS TOKEN EMAIL; prints what it saw as JSON.
'use strict'
const sdk = require('@segment/public-api-sdk-typescript')

const [base, token, email] = process.argv.slice(2)
const made = kind => Object.assign(new sdk[kind](base), { accessToken: token })
const data = async promise => (await promise).body.data
const status = async promise => (await promise).response.statusCode

async function everyMember(users) {
  const found = []
  let pagination = { count: 25 }
  let pages = 0
  while (pagination) {
    const page = await data(users.listUsers(pagination))
    found.push(...page.users)
    pages += 1
    pagination = page.pagination.next && { count: 25, cursor: page.pagination.next }
  }
  return { found, pages }
}

async function refusal(promise) {
  try {
    await promise
    return null
  } catch (error) {
    return { status: error.statusCode, type: error.body.errors[0].type }
  }
}

async function people(users, groups, workspace) {
  const { found, pages } = await everyMember(users)
  const person = found.find(one => one.email === email)
  const user = (await data(users.getUser(person.id))).user
  const memberOf = (await data(users.listUserGroupsFromUser(person.id, { count: 10 }))).groups
  const added = 'new+person@sdk.example'
  const permissions = [{ roleId: user.permissions[0].roleId, resources: [{ id: workspace.id, type: 'WORKSPACE' }] }]
  const invited = await status(users.createInvites({ invites: [{ email: added, permissions }] }))
  const pending = (await data(users.listInvites({ count: 100 }))).invites
  const twice = await refusal(users.createInvites({ invites: [{ email: added, permissions }] }))
  await users.deleteInvites([added])
  const after = (await data(users.listInvites({ count: 100 }))).invites
  await groups.removeUsersFromUserGroup(memberOf[0].id, [email])
  const left = (await data(users.listUserGroupsFromUser(person.id, { count: 10 }))).groups
  const removed = (await data(users.deleteUsers([person.id]))).status
  const gone = await refusal(users.getUser(person.id))
  return { members: found.length, pages, user, memberOf, invited, pending, twice, after, left, removed, gone }
}

async function keys(sources) {
  const source = (await data(sources.listSources({ count: 50 }))).sources.find(one => one.writeKeys.length)
  const more = (await data(sources.createWriteKeyForSource(source.id))).source.writeKeys
  await sources.removeWriteKeyFromSource(source.id, source.writeKeys[0])
  const kept = (await data(sources.getSource(source.id))).source.writeKeys
  return { before: source.writeKeys, more, kept }
}

async function catalogue() {
  const first = { count: 5 }
  const spaces = (await data(made('SpacesApi').listSpaces(first))).spaces
  return {
    roles: (await data(made('IAMRolesApi').listRoles(first))).roles,
    destinations: (await data(made('DestinationsApi').listDestinations(first))).destinations,
    warehouses: (await data(made('WarehousesApi').listWarehouses(first))).warehouses,
    functions: (await data(made('FunctionsApi').listFunctions(first, 'DESTINATION'))).functions,
    plans: (await data(made('TrackingPlansApi').listTrackingPlans(first))).trackingPlans,
    audiences: (await data(made('AudiencesApi').listAudiences(spaces[0].id, first))).audiences,
    events: (await data(made('AuditTrailApi').listAuditEvents(first))).events,
  }
}

async function main() {
  const workspace = (await data(made('WorkspacesApi').getWorkspace())).workspace
  const wrong = await refusal(Object.assign(new sdk.WorkspacesApi(base), { accessToken: 'sgp_wrong' }).getWorkspace())
  const seen = await people(made('IAMUsersApi'), made('IAMGroupsApi'), workspace)
  console.log(JSON.stringify({ workspace, wrong, ...seen, keys: await keys(made('SourcesApi')), catalogue: await catalogue() }))
}

main().catch(error => {
  console.error(error)
  process.exitCode = 1
})
