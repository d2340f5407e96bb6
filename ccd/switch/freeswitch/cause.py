"""Hang-up causes: Q.850 in ccd, Q.850 and names of its own beyond it in FreeSWITCH."""

ELSEWHERE = 26
"""Q.850 non-selected user clearing: somebody else took the call."""
LOSE_RACE = 702
"""FreeSWITCH's own for it: a ringing phone is told `Call completed elsewhere`, and counts no missed call."""
UNSPECIFIED = 31

_CAUSES = {
    "UNALLOCATED_NUMBER": 1,
    "NO_ROUTE_TRANSIT_NET": 2,
    "NO_ROUTE_DESTINATION": 3,
    "CHANNEL_UNACCEPTABLE": 6,
    "CALL_AWARDED_DELIVERED": 7,
    "NORMAL_CLEARING": 16,
    "USER_BUSY": 17,
    "NO_USER_RESPONSE": 18,
    "NO_ANSWER": 19,
    "SUBSCRIBER_ABSENT": 20,
    "CALL_REJECTED": 21,
    "NUMBER_CHANGED": 22,
    "REDIRECTION_TO_NEW_DESTINATION": 23,
    "EXCHANGE_ROUTING_ERROR": 25,
    "DESTINATION_OUT_OF_ORDER": 27,
    "INVALID_NUMBER_FORMAT": 28,
    "FACILITY_REJECTED": 29,
    "RESPONSE_TO_STATUS_ENQUIRY": 30,
    "NORMAL_UNSPECIFIED": 31,
    "NORMAL_CIRCUIT_CONGESTION": 34,
    "NETWORK_OUT_OF_ORDER": 38,
    "NORMAL_TEMPORARY_FAILURE": 41,
    "SWITCH_CONGESTION": 42,
    "ACCESS_INFO_DISCARDED": 43,
    "REQUESTED_CHAN_UNAVAIL": 44,
    "PRE_EMPTED": 45,
    "FACILITY_NOT_SUBSCRIBED": 50,
    "OUTGOING_CALL_BARRED": 52,
    "INCOMING_CALL_BARRED": 54,
    "BEARERCAPABILITY_NOTAUTH": 57,
    "BEARERCAPABILITY_NOTAVAIL": 58,
    "SERVICE_UNAVAILABLE": 63,
    "BEARERCAPABILITY_NOTIMPL": 65,
    "CHAN_NOT_IMPLEMENTED": 66,
    "FACILITY_NOT_IMPLEMENTED": 69,
    "SERVICE_NOT_IMPLEMENTED": 79,
    "INVALID_CALL_REFERENCE": 81,
    "INCOMPATIBLE_DESTINATION": 88,
    "INVALID_MSG_UNSPECIFIED": 95,
    "MANDATORY_IE_MISSING": 96,
    "MESSAGE_TYPE_NONEXIST": 97,
    "WRONG_MESSAGE": 98,
    "IE_NONEXIST": 99,
    "INVALID_IE_CONTENTS": 100,
    "WRONG_CALL_STATE": 101,
    "RECOVERY_ON_TIMER_EXPIRE": 102,
    "MANDATORY_IE_LENGTH_ERROR": 103,
    "PROTOCOL_ERROR": 111,
    "INTERWORKING": 127,
    # FreeSWITCH's own, by what they come to
    "ORIGINATOR_CANCEL": 16,
    "LOSE_RACE": ELSEWHERE,
    "PICKED_OFF": ELSEWHERE,
    "USER_NOT_REGISTERED": 20,
    "PROGRESS_TIMEOUT": 18,
    "NO_PICKUP": 18,
    "ALLOTTED_TIMEOUT": 19,
    "MEDIA_TIMEOUT": 102,
    "INVALID_GATEWAY": 3,
    "INVALID_PROFILE": 3,
    "INVALID_URL": 28,
    "GATEWAY_DOWN": 38,
    "USER_CHALLENGE": 21,
    "DECLINE": 21,
    "BUSY_EVERYWHERE": 17,
    "DOES_NOT_EXIST_ANYWHERE": 1,
    "NOT_ACCEPTABLE": 88,
    "SYSTEM_SHUTDOWN": 41,
    "CRASH": 41,
    "MANAGER_REQUEST": 16,
    "BLIND_TRANSFER": 16,
    "ATTENDED_TRANSFER": 16,
    "NONE": 0,
}


def q850(name: str) -> int:
    """The code of a cause's name; 31 for one that is not known here, 0 for none."""
    return _CAUSES.get(name, UNSPECIFIED) if name else 0


def to_tell(cause: int) -> str:
    """What `uuid_kill` is told for a Q.850 code: a number, which it takes as well as a name."""
    return str(LOSE_RACE if cause == ELSEWHERE else cause)
