// What each gate demands of an image, by the names of its own clauses. A rule that is an error in any
// case stands here as well, so that a report can name the clause that it breaks.
extension Gate {
    static let cisDemands = [
        Demand("4.1 a user for the container", ["NR001", "NR003"]),
        Demand("4.8 no setuid or setgid files", ["NR050", "NR051"]),
        Demand("5.7 no sshd", ["NR013"]),
    ]

    static let dockleDemands = [
        Demand("CIS-DI-0001 create a user", ["NR001"]),
        Demand("CIS-DI-0008 setuid and setgid files", ["NR050", "NR051"]),
        Demand("DKL-LI-0001, DKL-LI-0002 password and id rows", ["NR009"]),
    ]

    static let pssDemands = [
        Demand("runAsNonRoot", ["NR001", "NR002", "NR003"]),
        Demand("allowPrivilegeEscalation false", ["NR057"]),
        Demand("capabilities, drop ALL", ["NR052", "NR053", "NR070"]),
        Demand("no hostPath volumes", ["NR071"]),
    ]

    static let disaDemands = [
        Demand("2.1 no sshd", ["NR013"]),
        Demand("2.2 a non-privileged user", ["NR001", "NR003"]),
        Demand("2.3 no setuid or setgid files", ["NR050", "NR051"]),
        Demand("2.5 ports from 1024 up", ["NR010", "NR011"]),
    ]

    static let openshiftV2Demands = [
        Demand("a user of the namespace's range, group 0", ["NR001", "NR030", "NR031", "NR034"]),
        Demand("any user, so no data that must belong to one", ["NR038"]),
        Demand("ports from 1024 up", ["NR010", "NR011"]),
        Demand("capabilities, drop ALL", ["NR052", "NR053", "NR070"]),
        Demand("allowPrivilegeEscalation false", ["NR057"]),
        Demand("no hostPath volumes", ["NR071"]),
    ]

    static let openshiftV3Demands = [
        Demand("a user within 1000-65534", ["NR001", "NR002", "NR003"]),
        Demand("a user within 1000-65534", ["NR007"], .user(1000...65534)),
        Demand("ports from 1024 up", ["NR010", "NR011"]),
        Demand("capabilities, drop ALL", ["NR052", "NR053", "NR070"]),
        Demand("allowPrivilegeEscalation false", ["NR057"]),
        Demand("no hostPath volumes", ["NR071"]),
    ]

    static let trivyDemands = [
        Demand("DS-0002, KSV-0012 not root", ["NR001", "NR002"]),
        Demand("DS-0004 no port 22", ["NR013"]),
        Demand("KSV-0020, KSV-0021 numbers above 10000", ["NR007"], .atLeast(10001)),
        Demand("KSV-0116 no root group", ["NR004", "NR005"]),
        Demand("KSV-0117 no port below 1024", ["NR010"]),
    ]
}
