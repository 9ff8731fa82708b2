package config

// UserData is userData, for systems that this one is not.
var UserData = userData
