"""What the played apps ask and say, as GraphQL texts.

Shape   every document asks for one field; every mutation but carryOut and signOut takes one `input`
Refusal a union's answer says its __typename, and when it is a no, its code and message
"""

from typing import Final


def _mutation(field: str, input: str, answers: str, refused: str) -> str:
    """A mutation whose answer is a success, a refusal or an InvalidInput."""
    return f"""mutation ($input: {input}!) {{
  {field}(input: $input) {{
    __typename
    {answers}
    ... on {refused} {{ code }}
    ... on Refused {{ message path }}
  }}
}}"""


# ------------------------------------------------------------ anybody

REQUEST_CODE: Final = _mutation(
    "requestSignInCode",
    "RequestSignInCodeInput",
    "... on SignInCodeSent { expiresAt } ... on SignInRefused { retryAfterSeconds }",
    "SignInRefused",
)
SIGN_IN: Final = _mutation(
    "signIn",
    "SignInInput",
    "... on SignedIn { session { accessToken account { id displayName roles } } }",
    "SignInRefused",
)
SIGN_OUT: Final = "mutation { signOut }"
APPOINTMENT: Final = """query ($id: ID!) {
  appointment(id: $id) {
    id status version window { start end } courier { id }
    contact { name phone masked } slot { id day places taken }
    lines { id outcome ... on PickupLine { itemIds weightGrams } }
    history { sequence kind }
  }
}"""
NODE: Final = "query ($id: ID!) { node(id: $id) { id } }"

# ------------------------------------------------------------ the customer

MY_ADDRESSES: Final = """query {
  myAddresses {
    id line divisionCode label version
    location { latitude longitude } area { id name branch { id name } }
  }
}"""
CHECK_ADDRESS: Final = """query ($address: AddressInput!, $services: [ServiceKind!]) {
  serviceability(address: $address, services: $services) {
    served reason area { id name } alternatives { id name }
  }
}"""
SAVE_ADDRESS: Final = _mutation(
    "saveAddress",
    "SaveAddressInput",
    "... on AddressSaved { address { id line version area { id name } } "
    "serviceability { served } }",
    "AddressRefused",
)
DELETE_ADDRESS: Final = _mutation(
    "deleteAddress", "DeleteAddressInput", "... on AddressDeleted { id }", "AddressRefused"
)
SLOTS: Final = """query ($addressId: ID!, $services: [ServiceKind!]!, $days: Int!) {
  slots(addressId: $addressId, services: $services, days: $days) {
    id day window { start end } open closedBecause
  }
}"""
HOLD_SLOT: Final = _mutation(
    "holdSlot", "HoldSlotInput", "... on SlotHeld { hold { id expiresAt } }", "BookingRefused"
)
RELEASE_HOLD: Final = _mutation(
    "releaseHold", "ReleaseHoldInput", "... on HoldReleased { id }", "BookingRefused"
)
BOOK: Final = _mutation(
    "bookAppointment",
    "BookAppointmentInput",
    "... on AppointmentBooked { appointment "
    "{ id reference status version bookedAt slot { id day } lines { id } } }",
    "BookingRefused",
)
RESCHEDULE: Final = _mutation(
    "rescheduleAppointment",
    "RescheduleAppointmentInput",
    "... on AppointmentRescheduled { appointment { id status version slot { id } } } "
    "... on ChangeRefused { current { version } }",
    "ChangeRefused",
)
CANCEL: Final = _mutation(
    "cancelAppointment",
    "CancelAppointmentInput",
    "... on AppointmentCancelled { appointment { id status version } } "
    "... on ChangeRefused { current { version } }",
    "ChangeRefused",
)
APPOINTMENT_CHANGED: Final = """subscription ($id: ID!, $after: Int) {
  appointmentChanged(id: $id, after: $after) {
    sequence resync event { sequence kind } appointment { id status courier { id displayName } }
  }
}"""

# ------------------------------------------------------------ the courier

MY_COURIER: Final = "query { myCourier { id displayName onDuty branch { id name } } }"
MY_ROUND: Final = """query ($day: Date) {
  myRound(day: $day) {
    sequence stops { state appointment { id window { start } } }
  }
}"""
ROUND_FEED: Final = """subscription ($after: Int) {
  roundFeed(after: $after) {
    sequence resync round { day stops { state appointment { id } } }
  }
}"""
CARRY_OUT: Final = """mutation ($commands: [CourierCommandInput!]!) {
  carryOut(commands: $commands) {
    commandId accepted repeated refusal { code message path } appointment { id status }
  }
}"""

# ------------------------------------------------------------ the dispatcher

BRANCH_DAY: Final = """query (
  $branchId: ID!, $day: Date!, $status: [AppointmentStatus!], $after: String
) {
  appointments(branchId: $branchId, day: $day, status: $status, first: 100, after: $after) {
    edges { node { id status contact { name phone masked } courier { id } } }
    pageInfo { hasNextPage endCursor }
  }
}"""
UNASSIGNED: Final = """query ($branchId: ID!, $day: Date!, $after: String) {
  unassignedAppointments(branchId: $branchId, day: $day, first: 100, after: $after) {
    edges { node { id } }
    pageInfo { hasNextPage endCursor }
  }
}"""
ASSIGN: Final = _mutation(
    "assignAppointment",
    "AssignAppointmentInput",
    "... on AppointmentAssigned { appointment { id status version } courier { id } }",
    "AssignmentRefused",
)
