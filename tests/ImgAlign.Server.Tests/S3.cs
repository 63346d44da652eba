namespace ImgAlign.Server.Tests;

/// <summary>A server for tests that speaks S3's protocol, where <c>IMGALIGN_TEST_S3</c> has its address; <c>.ci/run</c> starts s3rver.</summary>
internal static class S3
{
    public const string Variable = "IMGALIGN_TEST_S3";

    /// <summary>The bucket that is there.</summary>
    public const string Bucket = "imgalign";

    /// <summary>Where Amazon's library finds the server.</summary>
    public static IReadOnlyDictionary<string, string?> Environment { get; } =
        new Dictionary<string, string?>
        {
            ["AWS_ENDPOINT_URL"] = System.Environment.GetEnvironmentVariable(Variable),
            ["AWS_ACCESS_KEY_ID"] = "S3RVER",
            ["AWS_SECRET_ACCESS_KEY"] = "S3RVER",
            ["AWS_REGION"] = "us-east-1",
        };

    /// <summary>The address of a place of its own.</summary>
    public static string NewAddress()
    {
        foreach (var (name, value) in Environment)
            System.Environment.SetEnvironmentVariable(name, value);
        return $"s3://{Bucket}/{Guid.NewGuid():N}";
    }
}

/// <summary>A test that needs a server that speaks S3's protocol.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class S3FactAttribute : FactAttribute
{
    public S3FactAttribute()
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(S3.Variable)))
            Skip = "Not installed: s3rver.";
    }
}
