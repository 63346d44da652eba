using System.Globalization;

namespace ImgAlign.Server.Tests.Chaos;

/// <summary>A test that runs for as many minutes as <c>IMGALIGN_TEST_CHAOS</c> says; <c>.ci/chaos</c> sets it, and starts what is
/// needed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ChaosFactAttribute : FactAttribute
{
    private const string Variable = "IMGALIGN_TEST_CHAOS";

    public ChaosFactAttribute()
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Variable)))
            Skip = "It takes minutes: run .ci/chaos.";
    }

    public static TimeSpan Duration =>
        TimeSpan.FromMinutes(double.Parse(Environment.GetEnvironmentVariable(Variable)!, CultureInfo.InvariantCulture));
}
