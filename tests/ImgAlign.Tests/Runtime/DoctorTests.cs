using ImgAlign.Cli.Checks;
using ImgAlign.Runtime;

namespace ImgAlign.Tests.Runtime;

public class DoctorTests
{
    [Fact]
    public void This_machine_is_well_enough_to_run_tests()
    {
        var checks = Doctor.Examine();
        Assert.DoesNotContain(checks, check => check.Verdict == DoctorVerdict.Problem);
        Assert.All(checks, check => Assert.Equal(check.Verdict == DoctorVerdict.Fine, check.Remedy is null));
        Assert.Contains(
            $"{Environment.ProcessorCount} processors of ",
            checks.Single(check => check.Subject == "processor").Finding,
            StringComparison.Ordinal
        );
        Assert.Contains("torch_cpu", checks.Single(check => check.Subject == "libtorch").Finding, StringComparison.Ordinal);
    }
}
